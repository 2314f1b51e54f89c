import { type ExactDials, GATE_SHIFT, shiftOf } from "#shared/sprint/exact/dials.js";
import { BLOCK, drawWeights, tensorCount } from "#shared/sprint/exact/weights.js";

/**
 * The exact network in plain loops, with each weight changed by what an attacker saves on. For the tiny dials.
 *
 * @returns the outputs of one nonce's inputs, each of `width` integers
 */
export const plainNetwork = (
  dials: ExactDials,
  seed: string,
  change: (weight: number) => number = (weight) => weight,
): ((input: Int32Array) => Int32Array) => {
  const { layers, width, inner, bound } = dials;
  const tensors = Array.from({ length: tensorCount(dials) }, (_, tensor) => {
    const weights = new Int8Array(inner * width);
    for (let at = 0; at < weights.length; at += BLOCK)
      drawWeights(seed, tensor, at, weights.subarray(at, Math.min(at + BLOCK, weights.length)));
    return weights.map(change);
  });
  const wrap = (value: number): number => value - 2 * bound * Math.floor((value + bound) / (2 * bound));
  const [into, out] = [2 ** shiftOf(width), 2 ** shiftOf(inner)];
  return (input) => {
    let x = input;
    for (let layer = 0; layer < layers; layer++) {
      const [first, second, third] = [tensors[3 * layer]!, tensors[3 * layer + 1]!, tensors[3 * layer + 2]!];
      const sums = new Int32Array(width);
      for (let row = 0; row < inner; row++) {
        let [a, b] = [0, 0];
        for (let i = 0; i < width; i++) {
          a += first[row * width + i]! * x[i]!;
          b += second[row * width + i]! * x[i]!;
        }
        const m = wrap(Math.floor((wrap(Math.floor(a / into)) * wrap(Math.floor(b / into))) / 2 ** GATE_SHIFT));
        for (let i = 0; i < width; i++) sums[i]! += third[row * width + i]! * m;
      }
      x = x.map((value, i) => wrap(value + Math.floor(sums[i]! / out)));
    }
    return x;
  };
};
