import { COSINE_PARTS, thresholdOf } from "./calibration.js";
import { type Compared, cosineOf } from "./distance.js";

/** A cosine's unit in a digest. */
const PARTS = 2 ** 30;

/** What an output that is not finite, or has no direction, has for a cosine. */
const NONE = -(2 ** 31);

/**
 * Eight bytes of a nonce's output for proof B: the cosines of the permuted output with the target and with the second direction, each as i32
 * little-endian in units of 2⁻³⁰. Nobody makes them without the output, and within a tolerance they can be compared across devices, which a hash
 * cannot.
 */
export const digestOf = (
  output: Float32Array,
  order: Uint16Array,
  targets: readonly [Int32Array, Int32Array],
): Buffer => {
  const bytes = Buffer.alloc(8);
  for (const [at, target] of targets.entries()) bytes.writeInt32LE(partsOf({ output, order, target }), 4 * at);
  return bytes;
};

const partsOf = (compared: Compared): number => {
  const cosine = cosineOf(compared);
  return Number.isNaN(cosine) ? NONE : Math.round(cosine * PARTS);
};

/**
 * Largest relative error of an output, by class of work: twenty times that of float32 sums in another order, five times that of float16, a tenth of
 * int8's. An output with a relative error e has a cosine that is e/√(d − 1) off, in standard deviations.
 */
export const TOLERANCES = { floatSameClass: 2e-5, floatMixed: 5e-3 } as const;

/**
 * Whether two digests are of one output of that width, but for rounding.
 *
 * @param tolerance largest relative error
 */
export const digestsAgree = (a: Uint8Array, b: Uint8Array, width: number, tolerance: number): boolean => {
  if (a.length !== 8 || b.length !== 8) return false;
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  const most = (tolerance / Math.sqrt(width - 1)) * PARTS;
  return [0, 4].every((at) => {
    const [left, right] = [one.readInt32LE(at), other.readInt32LE(at)];
    return left === NONE || right === NONE ? left === right : Math.abs(left - right) <= most;
  });
};

/** Units by which a digest's cosine may lie on the other side of a threshold than the output itself: it is rounded. */
const ROUNDING = 2;

/**
 * Whether the wins of nonces 0 … N − 1 are those whose digests reach the threshold: whoever has the digests has the wins. Right at the threshold,
 * within their rounding, a nonce may be either.
 *
 * @param digests 8 bytes a nonce
 * @param wins    ascending, each below N
 */
export const winsFitDigests = (
  digests: Uint8Array,
  wins: readonly number[],
  { width, difficulty }: { readonly width: number; readonly difficulty: number },
): boolean => {
  const view = new DataView(digests.buffer, digests.byteOffset, digests.byteLength);
  const threshold = (thresholdOf(width, difficulty) / COSINE_PARTS) * PARTS;
  let next = 0;
  for (let nonce = 0; 8 * nonce < digests.length; nonce++) {
    const above = view.getInt32(8 * nonce, true) - threshold;
    const isWin = wins[next] === nonce;
    if (isWin) next += 1;
    if (isWin ? above < -ROUNDING : above > ROUNDING) return false;
  }
  return next === wins.length;
};
