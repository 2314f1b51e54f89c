import { assemble, type Code, f64, f64x2, i32, i32x4, type Kernel, local, repeatWhile, v128 } from "./assembler.js";

/** Sums in float64; a power of two. */
export const BUCKETS = 16_384;

const SUM_BYTES = 8;
const FLOAT_BYTES = 4;
const VECTOR_BYTES = 16;
/** Elements that are copied at a time: with the sums they stay in the processor's cache. */
const PIECE = 16_384;
const PAGE = 65_536;

const { get, set, tee } = local;

/** The same number in all lanes. */
const all = (value: number): Code => i32x4.constant(value, value, value, value);

/** MurmurHash3's finaliser of the vector on the stack: each bit of the input flips each bit of the result with probability one half. */
const mix = (scratch: number): Code => {
  const shifted = (bits: number): Code => [
    ...[...tee(scratch), ...get(scratch), ...i32.constant(bits), ...i32x4.shiftRightUnsigned, ...v128.xor],
  ];
  return [
    ...[...shifted(16), ...all(0x85ebca6b), ...i32x4.mul],
    ...[...shifted(13), ...all(0xc2b2ae35), ...i32x4.mul, ...shifted(16)],
  ];
};

/**
 * Adds each element to a bucket, or takes it from there, one after another in float64. Bucket and sign are those of the hash of its place, which
 * counts from `from`, and the keys. The sums lie at address 0, the elements from `x` to `end`, four at least.
 */
const addToBucketsKernel = ((): Kernel => {
  const [x, end, from, first, second] = [0, 1, 2, 3, 4] as const;
  const [bucket, places, keys1, keys2, hash, signed, pair] = [5, 6, 7, 8, 9, 10, 11] as const;
  const addLane = (lane: 0 | 1 | 2 | 3): Code => [
    ...[...get(hash), ...i32x4.extractLane(lane), ...tee(bucket), ...get(bucket), ...f64.load(0)],
    ...[...get(pair), ...f64x2.extractLane(lane % 2 === 0 ? 0 : 1), ...f64.add, ...f64.store(0)],
  ];
  const body = [
    ...[...get(first), ...i32x4.splat, ...set(keys1), ...get(second), ...i32x4.splat, ...set(keys2)],
    ...[...get(from), ...i32x4.splat, ...i32x4.constant(0, 1, 2, 3), ...i32x4.add, ...set(places)],
    ...repeatWhile([
      ...[
        ...get(places),
        ...get(keys1),
        ...v128.xor,
        ...mix(hash),
        ...get(keys2),
        ...v128.xor,
        ...mix(hash),
        ...set(hash),
      ],
      // The sign of a negative hash turns that of the element.
      ...[...get(x), ...v128.load(0), ...get(hash), ...all(-(2 ** 31)), ...v128.and, ...v128.xor, ...set(signed)],
      ...[...get(hash), ...all(BUCKETS - 1), ...v128.and, ...i32.constant(Math.log2(SUM_BYTES)), ...i32x4.shiftLeft],
      ...set(hash),
      ...[...get(signed), ...f64x2.promoteLow, ...set(pair), ...addLane(0), ...addLane(1)],
      ...[...get(signed), ...get(signed), ...v128.upperTwice, ...f64x2.promoteLow, ...set(pair)],
      ...[...addLane(2), ...addLane(3)],
      ...[...get(places), ...all(4), ...i32x4.add, ...set(places)],
      ...[...get(x), ...i32.constant(VECTOR_BYTES), ...i32.add, ...tee(x), ...get(end), ...i32.lessUnsigned],
    ]),
  ];
  return {
    name: "addToBuckets",
    parameters: ["i32", "i32", "i32", "i32", "i32"],
    locals: ["i32", ...Array<"v128">(6).fill("v128")],
    body,
  };
})();

interface Workplace {
  readonly sums: Float64Array;
  readonly elements: Float32Array;
  readonly run: (x: number, end: number, from: number, first: number, second: number) => void;
}

let workplace: Workplace | null = null;

/** This thread's: nothing in it lasts. */
const here = (): Workplace => {
  if (workplace) return workplace;
  const memory = new WebAssembly.Memory({ initial: (SUM_BYTES * BUCKETS + FLOAT_BYTES * PIECE) / PAGE });
  const module = new WebAssembly.Module(assemble([addToBucketsKernel]));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  workplace = {
    sums: new Float64Array(memory.buffer, 0, BUCKETS),
    elements: new Float32Array(memory.buffer, SUM_BYTES * BUCKETS, PIECE),
    run: exports.addToBuckets as Workplace["run"],
  };
  return workplace;
};

/**
 * Adds elements to `BUCKETS` sums, each to the bucket `h & (BUCKETS − 1)`, or takes it from there where h is negative, one after another in float64.
 * h of the element at place p is mix(mix(p ⊕ k₁) ⊕ k₂), on 32 bits. The same bits everywhere.
 *
 * @param from place of the first element
 */
export const addToBuckets = (
  sums: Float64Array,
  data: Float32Array,
  from: number,
  [first, second]: readonly [k1: number, k2: number],
): void => {
  const { sums: within, elements, run } = here();
  within.set(sums);
  for (let at = 0; at < data.length; at += PIECE) {
    const piece = data.subarray(at, at + PIECE);
    elements.set(piece);
    // Whole vectors: zeros change no sum.
    elements.fill(0, piece.length);
    const end = elements.byteOffset + VECTOR_BYTES * Math.ceil((FLOAT_BYTES * piece.length) / VECTOR_BYTES);
    run(elements.byteOffset, end, from + at, first, second);
  }
  sums.set(within);
};
