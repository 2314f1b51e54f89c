import { assemble, type Code, i32, type Kernel, local, repeatWhile } from "./assembler.js";

/** Sizes and shifts of a network of small integers (docs/protocol.md, Sprint). */
export interface ExactShape {
  readonly layers: number;
  readonly width: number;
  readonly inner: number;
  /** Values are in [−bound, bound); a power of two. */
  readonly bound: number;
  /** Bits by which sums over `width`, products of gates, and sums over `inner` are shifted. */
  readonly shifts: { readonly into: number; readonly gate: number; readonly out: number };
}

/** A layer's tensors, [inner, width] each, row-major. */
export type ExactLayer = readonly [first: Int8Array, second: Int8Array, third: Int8Array];

const { get, set, tee } = local;
const INT_BYTES = 4;

/** pointer += bytes, and whether it has not reached `end`. */
const advance = (pointer: number, bytes: number, end: number): Code => [
  ...[...get(pointer), ...i32.constant(bytes), ...i32.add, ...tee(pointer), ...get(end), ...i32.lessUnsigned],
];

/**
 * One layer of one nonce, a multiplication and an addition of 32-bit integers after the other, in the order of the terms. It is the judge of
 * every other implementation, so it has nothing that a processor may do in its own way.
 */
const layer = ((): Kernel => {
  const [x, xEnd, m, mEnd, sums, first, second, third, bound, mask, into, gate, out] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
  ] as const;
  const [value, inner, a, b, sum] = [13, 14, 15, 16, 17] as const;
  /** ((v + bound) & mask) − bound of the number on the stack. */
  const wrap: Code = [...get(bound), ...i32.add, ...get(mask), ...i32.and, ...get(bound), ...i32.sub];
  const next = (pointer: number): Code => [...get(pointer), ...i32.constant(1), ...i32.add, ...set(pointer)];
  const multiplyAdd = (weights: number, into: number): Code => [
    ...[
      ...get(into),
      ...get(weights),
      ...i32.load8(0),
      ...get(value),
      ...i32.load(0),
      ...i32.mul,
      ...i32.add,
      ...set(into),
    ],
    ...next(weights),
  ];
  const gated = (of: number): Code => [...get(of), ...get(into), ...i32.shiftRightSigned, ...wrap];
  const body = [
    ...[...get(m), ...set(inner)],
    ...repeatWhile([
      ...[...i32.constant(0), ...set(a), ...i32.constant(0), ...set(b), ...get(x), ...set(value)],
      ...repeatWhile([...multiplyAdd(first, a), ...multiplyAdd(second, b), ...advance(value, INT_BYTES, xEnd)]),
      ...[...get(inner), ...gated(a), ...gated(b), ...i32.mul, ...get(gate), ...i32.shiftRightSigned, ...wrap],
      ...i32.store(0),
      ...advance(inner, INT_BYTES, mEnd),
    ]),
    ...[...get(x), ...set(value), ...get(sums), ...set(sum)],
    ...repeatWhile([
      ...[...get(sum), ...i32.constant(0), ...i32.store(0)],
      ...[...get(sum), ...i32.constant(INT_BYTES), ...i32.add, ...set(sum)],
      ...advance(value, INT_BYTES, xEnd),
    ]),
    ...[...get(m), ...set(inner)],
    ...repeatWhile([
      ...[...get(x), ...set(value), ...get(sums), ...set(sum)],
      ...repeatWhile([
        ...[...get(sum), ...get(sum), ...i32.load(0), ...get(third), ...i32.load8(0), ...get(inner), ...i32.load(0)],
        ...[...i32.mul, ...i32.add, ...i32.store(0), ...next(third)],
        ...[...get(sum), ...i32.constant(INT_BYTES), ...i32.add, ...set(sum)],
        ...advance(value, INT_BYTES, xEnd),
      ]),
      ...advance(inner, INT_BYTES, mEnd),
    ]),
    ...[...get(x), ...set(value), ...get(sums), ...set(sum)],
    ...repeatWhile([
      ...[...get(value), ...get(value), ...i32.load(0), ...get(sum), ...i32.load(0), ...get(out)],
      ...[...i32.shiftRightSigned, ...i32.add, ...wrap, ...i32.store(0)],
      ...[...get(sum), ...i32.constant(INT_BYTES), ...i32.add, ...set(sum)],
      ...advance(value, INT_BYTES, xEnd),
    ]),
  ];
  return {
    name: "layer",
    parameters: Array<"i32">(13).fill("i32"),
    locals: ["i32", "i32", "i32", "i32", "i32"],
    body,
  };
})();

const PAGE = 65_536;

/** A network whose outputs settle disputes. */
export interface ExactReference {
  /** Sets a layer's weights. */
  load(layer: number, weights: ExactLayer): void;
  /** Output [width] of an input [width]. */
  run(input: ArrayLike<number>): Int32Array;
}

/** Memory for a network in WebAssembly: a byte a weight. */
export const createExactReference = ({ layers, width, inner, bound, shifts }: ExactShape): ExactReference => {
  const size = inner * width;
  const [x, m, sums] = [0, INT_BYTES * width, INT_BYTES * (width + inner)];
  const weights = INT_BYTES * (2 * width + inner);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((weights + 3 * layers * size) / PAGE) });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble([layer])), { env: { memory } });
  const values = new Int32Array(memory.buffer, x, width);
  return {
    load: (at, tensors) => {
      for (const [i, tensor] of tensors.entries()) {
        new Int8Array(memory.buffer, weights + (3 * at + i) * size, size).set(tensor);
      }
    },
    run: (input) => {
      values.set(input);
      for (let at = 0; at < layers; at++) {
        const [first, second, third] = [0, 1, 2].map((i) => weights + (3 * at + i) * size);
        exports.layer!(
          ...[x, m, m, sums, sums, first!, second!, third!],
          ...[bound, 2 * bound - 1, shifts.into, shifts.gate, shifts.out],
        );
      }
      return values.slice();
    },
  };
};
