import { COSINE_PARTS } from "./calibration.js";

/** An output as it is compared: permuted, with the target. */
export interface Compared {
  /** Float numbers, in the network's order. */
  readonly output: Float32Array;
  /** From `permutationOf`. */
  readonly order: Uint16Array;
  /** From `targetOf`: centred. */
  readonly target: Int32Array;
}

/** The cosine of the centred, permuted output with the target, in doubles. NaN if the output has no direction or is not finite. */
export const cosineOf = (compared: Compared): number => inDoubles(compared).cosine;

/** `spread` is the part of the output's energy that is left after it was centred. */
const inDoubles = ({ output, order, target }: Compared): { readonly cosine: number; readonly spread: number } => {
  let [mean, energy] = [0, 0];
  for (const value of output) {
    mean += value;
    energy += value * value;
  }
  mean /= output.length;
  let [dot, square, targetSquare] = [0, 0, 0];
  for (let i = 0; i < target.length; i++) {
    const value = output[order[i]!]! - mean;
    dot += value * target[i]!;
    square += value * value;
    targetSquare += target[i]! ** 2;
  }
  return { cosine: dot / Math.sqrt(square * targetSquare), spread: square / energy };
};

/** Cosines in doubles that are nearer to a threshold than this are decided by integers: their error is below 10⁻⁹ where the spread is not less. */
const NEAR = 1e-6;
const LEAST_SPREAD = 1e-6;

/**
 * Whether an output's distance to the target is at most that of the threshold: exact for the output's bits. Of the centred output x and target t
 * with threshold c = p/q > 0 it is x·t > 0 and (x·t)²·q² ≥ p²·|x|²·|t|². An output that is not finite, or is constant, is not near.
 *
 * @param threshold of `thresholdOf`: ten-millionths of a cosine
 */
export const isNear = (compared: Compared, threshold: number): boolean => {
  const { cosine, spread } = inDoubles(compared);
  const difference = cosine - threshold / COSINE_PARTS;
  if (spread > LEAST_SPREAD && Math.abs(difference) > NEAR) return difference > 0;
  return isNearExactly(compared, threshold);
};

/** The same by integers alone, for any output. */
export const isNearExactly = ({ output, order, target }: Compared, threshold: number): boolean => {
  if (!output.every(Number.isFinite)) return false;
  const whole = wholeNumbers(output);
  const width = BigInt(whole.length);
  const sum = whole.reduce((total, value) => total + value, 0n);
  let [dot, square, targetSquare] = [0n, 0n, 0n];
  for (let i = 0; i < target.length; i++) {
    const value = width * whole[order[i]!]! - sum;
    const other = BigInt(target[i]!);
    dot += value * other;
    square += value * value;
    targetSquare += other * other;
  }
  if (square === 0n || targetSquare === 0n) return false;
  const [p, q] = [BigInt(threshold), BigInt(COSINE_PARTS)];
  const left = dot * dot * q * q;
  const right = p * p * square * targetSquare;
  if (p < 0n) return dot >= 0n || left <= right;
  return dot >= 0n && left >= right;
};

/** Floats times one power of two that makes them all whole: a float is m · 2ᵉ with e ≥ −149. */
const wholeNumbers = (values: Float32Array): readonly bigint[] => {
  const view = new DataView(new ArrayBuffer(4));
  return Array.from(values, (value) => {
    view.setFloat32(0, value);
    const bits = view.getUint32(0);
    const exponent = (bits >>> 23) & 0xff;
    const fraction = BigInt(bits & 0x7f_ffff);
    const magnitude = exponent === 0 ? fraction : (fraction | 0x80_0000n) << BigInt(exponent - 1);
    return bits >>> 31 === 1 ? -magnitude : magnitude;
  });
};
