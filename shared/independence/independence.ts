import { gramOf } from "./gram.js";
import { makeupOf, precisionOf } from "./loadings.js";

export interface Measured {
  readonly sketch: Float32Array;
  /** Loss reduction, nats per token. */
  readonly gain: number;
}

/** Kinship up to here is chance among trainings of their own, and what trainings of one length have in common. */
const CHANCE = 0.1;

/**
 * What share each update of a group has in what they teach together, times their number: 1 each where all are equal and of their own.
 *
 * An update is signal, which all have in common, and the noise of its own training. What n trainings tell of the signal adds up, and is
 * signal to noise; what is made of one training, by copying, adding noise, dividing or scaling, tells together no more than the training
 * does (Fisher, "Theory of statistical estimation", 1925). So each gets the square of its precision, divided among its kin: k copies get a kth each, copies
 * under noise less for the noise, and halves u + n and u − n, which have nothing in common but the signal, for theirs. The square leaves nothing
 * of what small errors of the estimate would give to many.
 *
 * 0 for an update that lowers no loss, has no finite number for that, or lies along the public directions. Symmetric: the order does not
 * matter but for rounding.
 *
 * @param directions sketches of what everybody knows, such as the momentum: what lies along them is taken out of every update
 */
export const independenceOf = (
  updates: readonly Measured[],
  directions: readonly Float32Array[],
): readonly number[] => {
  const { norms, cosines } = gramOf(
    updates.map(({ sketch }) => sketch),
    directions,
  );
  const counted = updates.flatMap(({ gain }, i) => (gain > 0 && Number.isFinite(gain) && norms[i]! > 0 ? [i] : []));
  const shares = updates.map(() => 0);
  if (counted.length === 1) shares[counted[0]!] = 1;
  if (counted.length < 2) return shares;
  const { loadings, kinship } = makeupOf(
    {
      cosines: counted.map((i) => Float64Array.from(counted, (j) => cosines[i]![j]!)),
      norms: counted.map((i) => norms[i]!),
    },
    counted.map((i) => updates[i]!.gain),
  );
  const parts = loadings.map((loading, i) => {
    const precision = precisionOf(loading);
    const kin = kinship[i]!.reduce((sum, value, j) => (j === i ? sum : sum + Math.max(0, value - CHANCE)), 0);
    return (precision * precision) / (1 + kin / (1 - CHANCE));
  });
  const total = parts.reduce((sum, part) => sum + part, 0);
  for (const [at, i] of counted.entries()) shares[i] = (counted.length * parts[at]!) / total;
  return shares;
};
