import { assemble, type Code, i16x8, i32, type Kernel, local, repeatWhile, v128 } from "./assembler.js";

/**
 * The layers of a network of small integers (docs/protocol.md, Sprint), on bytes and modulo 2¹⁶. A value v in [−64, 64) is the byte v + 64,
 * and a weight the byte that it is. A result has 7 bits of a sum, from bit `shift` on, so the sum modulo 2¹⁶ is enough where
 * `shift` + 7 ≤ 16. Sums begin with the bias that takes the 64 of the values away again.
 */

/** Nonces that a kernel computes at once, so that each weight is loaded once for all. */
export const NONCES = 2;
/** Vectors of eight rows at once. */
const VECTORS = 4;
const VECTOR_BYTES = 16;
/** Bytes of a pair of terms of all the vectors, and rows of weights that they have. */
export const STEP_BYTES = VECTORS * VECTOR_BYTES;
export const STEP_ROWS = STEP_BYTES / 2;
/** Terms that an instruction multiplies and adds at once. */
const PAIR = 2;
/** Bits of a value. */
const RANGE = 7;

const { get, set, tee } = local;

/** The accumulators of the inner loop, by vector and nonce. @param first the first local that is free */
const products = (first: number) => {
  const sum = (vectorIndex: number, nonce: number) => first + vectorIndex * NONCES + nonce;
  const value = (nonce: number) => first + VECTORS * NONCES + nonce;
  const weights = first + VECTORS * NONCES + NONCES;
  const each = <T>(make: (vectorIndex: number, nonce: number) => readonly T[]): readonly T[] =>
    Array.from({ length: VECTORS }, (_, v) => Array.from({ length: NONCES }, (_, n) => make(v, n)).flat()).flat();
  /** Adds the products of `end − w` bytes of weights, a pair of terms a turn: more would not fit the registers of V8's code. */
  const loop = (w: number, end: number, x: readonly number[]): Code =>
    repeatWhile([
      ...x.flatMap((pointer, nonce) => [...get(pointer), ...v128.loadSplat16(0), ...set(value(nonce))]),
      ...Array.from({ length: VECTORS }, (_, v) => [
        ...[...get(w), ...v128.load(v * VECTOR_BYTES), ...set(weights)],
        ...x.flatMap((_, nonce) => [
          ...[...get(weights), ...get(value(nonce)), ...i16x8.relaxedDot],
          ...[...get(sum(v, nonce)), ...i16x8.add, ...set(sum(v, nonce))],
        ]),
      ]).flat(),
      ...x.flatMap((pointer) => [...get(pointer), ...i32.constant(PAIR), ...i32.add, ...set(pointer)]),
      ...[...get(w), ...i32.constant(STEP_BYTES), ...i32.add, ...tee(w)],
      ...[...get(end), ...i32.lessUnsigned],
    ]);
  return { sum, each, loop, locals: Array<"v128">(VECTORS * NONCES + NONCES + 1).fill("v128") };
};

const constant = (value: number): Code => [...i32.constant(value), ...i16x8.splat];

/**
 * Sixteen inner values of each nonce: m = wrap(⌊a · b / 2^gate⌋), a and b wrapped sums of `x` and the weights. `weights` has for each pair
 * of terms two vectors of the first gate and two of the second; `bias` four vectors.
 */
const gates = ((): Kernel => {
  const [x, stride, weights, bytes, bias, m, mStride, end, shift, gate] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
  const [x0, x1, w, last] = [10, 11, 12, 13] as const;
  const { sum, each, loop, locals } = products(14);
  /** The first gate's local becomes the result. */
  const centred = (which: number): Code => [
    ...[...get(which), ...get(shift), ...i16x8.shiftRightUnsigned, ...constant(2 ** RANGE - 1), ...v128.and],
    ...[...constant(2 ** (RANGE - 1)), ...i16x8.sub],
  ];
  const inner = (v: number, nonce: number): Code => [
    ...[
      ...centred(sum(v, nonce)),
      ...centred(sum(v + 2, nonce)),
      ...i16x8.mul,
      ...get(gate),
      ...i16x8.shiftRightSigned,
    ],
    ...[...constant(2 ** (RANGE - 1)), ...i16x8.add, ...constant(2 ** RANGE - 1), ...v128.and],
  ];
  const store = (nonce: number): Code => [...inner(0, nonce), ...inner(1, nonce), ...i16x8.narrowUnsigned];
  const body = [
    ...[...get(weights), ...get(bytes), ...i32.add, ...set(last)],
    ...repeatWhile([
      ...each((v, nonce) => [...get(bias), ...v128.load(v * VECTOR_BYTES), ...set(sum(v, nonce))]),
      ...[...get(x), ...set(x0), ...get(x), ...get(stride), ...i32.add, ...set(x1), ...get(weights), ...set(w)],
      ...loop(w, last, [x0, x1]),
      ...[...get(m), ...store(0), ...v128.store(0)],
      ...[...get(m), ...get(mStride), ...i32.add, ...store(1), ...v128.store(0)],
      ...[...get(m), ...get(mStride), ...get(mStride), ...i32.add, ...i32.add, ...set(m)],
      ...[
        ...get(x),
        ...get(stride),
        ...get(stride),
        ...i32.add,
        ...i32.add,
        ...tee(x),
        ...get(end),
        ...i32.lessUnsigned,
      ],
    ]),
  ];
  return {
    name: "gates",
    parameters: Array<"i32">(10).fill("i32"),
    locals: ["i32", "i32", "i32", "i32", ...locals],
    body,
  };
})();

/** sums = from + inner values · weights, 32 columns of each nonce. Sums are integers of 16 bits. */
const accumulate = ((): Kernel => {
  const [m, stride, weights, bytes, from, fromStride, sums, sumStride, end] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
  const [m0, m1, w, last, from1, sums1] = [9, 10, 11, 12, 13, 14] as const;
  const { sum, each, loop, locals } = products(15);
  const after = (pointer: number, step: number, into: number): Code => [
    ...[...get(pointer), ...get(step), ...i32.add, ...set(into)],
  ];
  const body = [
    ...after(weights, bytes, last),
    ...repeatWhile([
      ...[...after(from, fromStride, from1), ...after(sums, sumStride, sums1)],
      ...each((v, nonce) => [
        ...[...get(nonce === 0 ? from : from1), ...v128.load(v * VECTOR_BYTES), ...set(sum(v, nonce))],
      ]),
      ...[...get(m), ...set(m0), ...after(m, stride, m1), ...get(weights), ...set(w)],
      ...loop(w, last, [m0, m1]),
      ...each((v, nonce) => [
        ...[...get(nonce === 0 ? sums : sums1), ...get(sum(v, nonce)), ...v128.store(v * VECTOR_BYTES)],
      ]),
      ...[...after(from1, fromStride, from), ...after(sums1, sumStride, sums)],
      ...[...get(m), ...get(stride), ...get(stride), ...i32.add, ...i32.add, ...tee(m)],
      ...[...get(end), ...i32.lessUnsigned],
    ]),
  ];
  return {
    name: "accumulate",
    parameters: Array<"i32">(9).fill("i32"),
    locals: [...Array<"i32">(6).fill("i32"), ...locals],
    body,
  };
})();

/** x = wrap(x + ⌊sums / 2^shift⌋), sixteen values at a time. */
const finish = ((): Kernel => {
  const [x, sums, end, shift] = [0, 1, 2, 3] as const;
  const half = (extend: Code, offset: number): Code => [
    ...[...get(x), ...v128.load(0), ...extend, ...get(sums), ...v128.load(offset), ...get(shift)],
    ...[...i16x8.shiftRightUnsigned, ...i16x8.add, ...constant(2 ** RANGE - 1), ...v128.and],
  ];
  const body = repeatWhile([
    ...[...get(x), ...half(i16x8.extendLow, 0), ...half(i16x8.extendHigh, VECTOR_BYTES), ...i16x8.narrowUnsigned],
    ...v128.store(0),
    ...[...get(sums), ...i32.constant(2 * VECTOR_BYTES), ...i32.add, ...set(sums)],
    ...[...get(x), ...i32.constant(VECTOR_BYTES), ...i32.add, ...tee(x), ...get(end), ...i32.lessUnsigned],
  ]);
  return { name: "finish", parameters: ["i32", "i32", "i32", "i32"], locals: [], body };
})();

/** The kernels as a WebAssembly module whose memory threads share. @param pages most pages of the memory */
export const exactKernels = (pages: number): Uint8Array => assemble([gates, accumulate, finish], pages);
