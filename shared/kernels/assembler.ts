/**
 * WebAssembly's binary format (https://webassembly.github.io/spec/core/binary/), as far as vector kernels need it:
 * functions over one imported memory, straight code and loops, numbers of 32 and 64 bits, vectors of 128.
 */

/** Instructions as they are encoded; a sequence of them is their concatenation. */
export type Code = readonly number[];

export type NumberType = "i32" | "f32" | "f64";
export type LocalType = NumberType | "v128";

export interface Kernel {
  readonly name: string;
  /** The first locals. */
  readonly parameters: readonly NumberType[];
  /** The locals that follow, zero at first. */
  readonly locals: readonly LocalType[];
  readonly result?: NumberType;
  readonly body: Code;
}

const TYPE_CODES: Readonly<Record<LocalType, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const FUNCTION_TYPE = 0x60;
const MEMORY = 0x02;
const FUNCTION = 0x00;
const END = 0x0b;
const EMPTY_BLOCK = 0x40;
const VECTOR = 0xfd;

/** LEB128. */
const unsigned = (value: number): Code =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(Math.floor(value / 0x80))];

/** LEB128 with a sign bit, of a number that is not negative. */
const signed = (value: number): Code =>
  value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(Math.floor(value / 0x80))];

const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];
const text = (value: string): Code => sized([...new TextEncoder().encode(value)]);
const vector = (opcode: number, ...immediates: readonly Code[]): Code => [
  VECTOR,
  ...unsigned(opcode),
  ...immediates.flat(),
];
/** Offset and alignment, as a power of two, of a memory access. */
const access = (offset: number, alignment = 0x02): Code => [alignment, ...unsigned(offset)];

export const local = {
  get: (index: number): Code => [0x20, ...unsigned(index)],
  set: (index: number): Code => [0x21, ...unsigned(index)],
  tee: (index: number): Code => [0x22, ...unsigned(index)],
};

/** Repeats the body while the number that it leaves on the stack is not zero. */
export const repeatWhile = (body: Code): Code => [0x03, EMPTY_BLOCK, ...body, 0x0d, 0x00, END];

export const i32 = {
  /** A constant that is not negative. */
  constant: (value: number): Code => [0x41, ...signed(value)],
  load: (offset: number): Code => [0x28, ...access(offset)],
  /** A byte with its sign. */
  load8: (offset: number): Code => [0x2c, ...access(offset, 0x00)],
  store: (offset: number): Code => [0x36, ...access(offset)],
  add: [0x6a] as Code,
  sub: [0x6b] as Code,
  mul: [0x6c] as Code,
  and: [0x71] as Code,
  shiftLeft: [0x74] as Code,
  shiftRightSigned: [0x75] as Code,
  lessUnsigned: [0x49] as Code,
};

export const f64 = {
  load: (offset: number): Code => [0x2b, ...access(offset, 0x03)],
  store: (offset: number): Code => [0x39, ...access(offset, 0x03)],
  add: [0xa0] as Code,
};

export const v128 = {
  zero: vector(0x0c, Array<number>(16).fill(0)),
  load: (offset: number): Code => vector(0x00, access(offset)),
  /** Two bytes, eight times. */
  loadSplat16: (offset: number): Code => vector(0x08, access(offset, 0x01)),
  /** Eight bytes, twice. */
  loadSplat64: (offset: number): Code => vector(0x0a, access(offset)),
  /** Eight bytes into the lower half, zeros into the upper one. */
  loadHalf: (offset: number): Code => vector(0x5d, access(offset)),
  store: (offset: number): Code => vector(0x0b, access(offset)),
  /** The lower half alone. */
  storeHalf: (offset: number): Code => vector(0x5b, access(offset), [0]),
  /** Of the same vector twice: its upper half in both halves. */
  upperTwice: vector(0x0d, [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]),
  and: vector(0x4e),
  xor: vector(0x51),
};

export const i16x8 = {
  splat: vector(0x10),
  /** Sixteen integers of 16 bits as bytes, those out of a byte's range as the nearest in it. */
  narrowUnsigned: vector(0x66),
  /** Eight integers of 32 bits as such of 16 without a sign, those out of their range as the nearest in it. */
  narrowWide: vector(0x86),
  shiftLeft: vector(0x8b),
  shiftRightSigned: vector(0x8c),
  shiftRightUnsigned: vector(0x8d),
  /** Eight bytes, the lower or the upper ones, as integers of 16 bits. */
  extendLow: vector(0x89),
  extendHigh: vector(0x8a),
  add: vector(0x8e),
  sub: vector(0x91),
  mul: vector(0x95),
  /**
   * Sums of two products each of bytes: signed ones with ones in [0, 127]. Of the relaxed instructions: other bytes, and sums that do not
   * fit, give what the processor likes.
   */
  relaxedDot: vector(0x112),
};

export const i32x4 = {
  constant: (...values: readonly [number, number, number, number]): Code =>
    vector(0x0c, [...new Uint8Array(Int32Array.from(values).buffer)]),
  splat: vector(0x11),
  extractLane: (lane: 0 | 1 | 2 | 3): Code => vector(0x1b, [lane]),
  shiftLeft: vector(0xab),
  shiftRightUnsigned: vector(0xad),
  add: vector(0xae),
  mul: vector(0xb5),
};

export const f32x4 = {
  splat: vector(0x13),
  /** Two f64 into the lower half, zeros into the upper one. */
  demoteZero: vector(0x5e),
  sqrt: vector(0xe3),
  add: vector(0xe4),
  sub: vector(0xe5),
  mul: vector(0xe6),
  div: vector(0xe7),
};

export const f64x2 = {
  extractLane: (lane: 0 | 1): Code => vector(0x21, [lane]),
  /** The lower two f32. */
  promoteLow: vector(0x5f),
  add: vector(0xf0),
  mul: vector(0xf2),
};

/**
 * A module that imports its memory as `env.memory` and exports the kernels by name.
 * @param sharedPages most pages of a memory that threads share; without it the memory is one thread's
 */
export const assemble = (kernels: readonly Kernel[], sharedPages?: number): Uint8Array => {
  const section = (id: number, items: readonly Code[]): Code => [id, ...sized(list(items))];
  const types = kernels.map(({ parameters, result }) => [
    FUNCTION_TYPE,
    ...list(parameters.map((type) => [TYPE_CODES[type]])),
    ...list(result ? [[TYPE_CODES[result]]] : []),
  ]);
  const limits = sharedPages === undefined ? [0x00, 0x00] : [0x03, 0x00, ...unsigned(sharedPages)];
  const memory = [...text("env"), ...text("memory"), MEMORY, ...limits];
  const code = kernels.map(({ locals, body }) =>
    sized([...list(locals.map((type) => [1, TYPE_CODES[type]])), ...body, END]),
  );
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d],
    ...[0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, [memory]),
    ...section(
      3,
      kernels.map((_, index) => unsigned(index)),
    ),
    ...section(
      7,
      kernels.map(({ name }, index) => [...text(name), FUNCTION, ...unsigned(index)]),
    ),
    ...section(10, code),
  ]);
};
