import { assemble, type Code, i16x8, i32, i32x4, type Kernel, local, repeatWhile, v128 } from "./assembler.js";
import type { ExactShape } from "./exact-reference.js";

/**
 * What lies between the products of a network of small integers (docs/protocol.md, Sprint), on sums of 32 bits. Values are bytes, v + 64. A
 * result has 7 bits of a sum, from bit `shift` on, so of each sum the lower 16 bits are taken where `shift` + 7 ≤ 16.
 */

/** Gates' sums that lie together: so many of the first, then so many of the second. */
export const GROUP = 16;

const VECTOR_BYTES = 16;
const LANES = 8;
const SUM_BYTES = 4;
/** Bits of a value, and of a sum that the rest of its 16 leaves. */
const RANGE = 7;
const ABOVE = 16 - RANGE;

const { get, set, tee } = local;

/** The lower 16 bits of eight sums. @param mask a local with 2¹⁶ − 1 in each lane of 32 bits */
const lower = (sums: number, offset: number, mask: number): Code => [
  ...[...get(sums), ...v128.load(offset), ...get(mask), ...v128.and],
  ...[...get(sums), ...v128.load(offset + VECTOR_BYTES), ...get(mask), ...v128.and, ...i16x8.narrowWide],
];

const constant = (value: number): Code => [...i32.constant(value), ...i16x8.splat];
const wide = (value: number): Code => [...i32.constant(value), ...i32x4.splat];
const forward = (pointer: number, bytes: number): Code => [...get(pointer), ...i32.constant(bytes), ...i32.add];

/** m = wrap(⌊a · b / 2^gate⌋) of wrapped sums a and b: 16 inner values a turn, of as many sums of each gate. */
const combine = ({ into, gate }: ExactShape["shifts"]): Kernel => {
  const [sums, end, m] = [0, 1, 2] as const;
  const [mask, centre, range] = [3, 4, 5] as const;
  /** The 7 bits of a sum with the highest as their sign: that wraps them. */
  const wrapped = (offset: number): Code => [
    ...lower(sums, offset, mask),
    ...[...i32.constant(ABOVE - into), ...i16x8.shiftLeft, ...i32.constant(ABOVE), ...i16x8.shiftRightSigned],
  ];
  const eight = (offset: number): Code => [
    ...[...wrapped(offset), ...wrapped(offset + GROUP * SUM_BYTES), ...i16x8.mul],
    ...[...i32.constant(gate), ...i16x8.shiftRightSigned],
    ...[...get(centre), ...i16x8.add, ...get(range), ...v128.and],
  ];
  const body = [
    ...[...wide(2 ** 16 - 1), ...set(mask), ...constant(2 ** (RANGE - 1)), ...set(centre)],
    ...[...constant(2 ** RANGE - 1), ...set(range)],
    ...repeatWhile([
      ...[...get(m), ...eight(0), ...eight(LANES * SUM_BYTES), ...i16x8.narrowUnsigned, ...v128.store(0)],
      ...[...forward(m, GROUP), ...set(m)],
      ...[...forward(sums, 2 * GROUP * SUM_BYTES), ...tee(sums), ...get(end), ...i32.lessUnsigned],
    ]),
  ];
  return { name: "combine", parameters: ["i32", "i32", "i32"], locals: ["v128", "v128", "v128"], body };
};

/** totals += sums, 16 a turn. */
const accumulate = ((): Kernel => {
  const [totals, end, sums] = [0, 1, 2] as const;
  const offsets = [0, 1, 2, 3].map((vector) => vector * VECTOR_BYTES);
  const body = repeatWhile([
    ...offsets.flatMap((offset) => [
      ...[...get(totals), ...get(totals), ...v128.load(offset), ...get(sums), ...v128.load(offset)],
      ...[...i32x4.add, ...v128.store(offset)],
    ]),
    ...[...forward(sums, offsets.length * VECTOR_BYTES), ...set(sums)],
    ...[...forward(totals, offsets.length * VECTOR_BYTES), ...tee(totals), ...get(end), ...i32.lessUnsigned],
  ]);
  return { name: "accumulate", parameters: ["i32", "i32", "i32"], locals: [], body };
})();

/** x = wrap(x + ⌊totals / 2^out⌋), 16 values a turn. */
const finish = ({ out }: ExactShape["shifts"]): Kernel => {
  const [x, end, totals] = [0, 1, 2] as const;
  const [mask, range] = [3, 4] as const;
  const eight = (extend: Code, offset: number): Code => [
    ...[...lower(totals, offset, mask), ...i32.constant(out), ...i16x8.shiftRightUnsigned],
    ...[...get(x), ...v128.load(0), ...extend, ...i16x8.add, ...get(range), ...v128.and],
  ];
  const body = [
    ...[...wide(2 ** 16 - 1), ...set(mask), ...constant(2 ** RANGE - 1), ...set(range)],
    ...repeatWhile([
      ...[...get(x), ...eight(i16x8.extendLow, 0), ...eight(i16x8.extendHigh, LANES * SUM_BYTES)],
      ...[...i16x8.narrowUnsigned, ...v128.store(0)],
      ...[...forward(totals, 2 * LANES * SUM_BYTES), ...set(totals)],
      ...[...forward(x, 2 * LANES), ...tee(x), ...get(end), ...i32.lessUnsigned],
    ]),
  ];
  return { name: "finish", parameters: ["i32", "i32", "i32"], locals: ["v128", "v128"], body };
};

/** The kernels as a WebAssembly module over one thread's memory: a pointer, its end, and another pointer each. */
export const exactElementwise = ({ shifts }: ExactShape): Uint8Array =>
  assemble([combine(shifts), accumulate, finish(shifts)]);
