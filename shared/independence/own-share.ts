import type { Gram } from "./gram.js";
import { usualOf } from "./weighted-quantile.js";
import { gainWeightsOf, weightsOf } from "./weights.js";

/**
 * Quantile of the lengths along and beside the public directions that is usual. To move it, three quarters of the weight must go further along
 * them.
 */
const USUAL = 0.25;

/**
 * The part of each update's loss reduction that is its own, in (0, 1].
 *
 * Every training goes along the public directions. As far as most go along them that is nobody's fault, and one that goes further beside them may
 * go further along them. What is added beyond that takes off the loss what everybody could take off it, and takes no work. Of a step along the
 * gradient, parts at right angles take off the loss as their squared lengths say. So the part is the squared length with no more along the
 * directions than is allowed, divided by the squared length with what is there.
 *
 * Noise of an update's own hardly changes it, and an update with less than is allowed along the directions gains nothing.
 *
 * @param gram of at least two updates, none of length 0; @param gains loss reductions, above 0; @param copies `copiesOf` the cosines
 */
export const ownSharesOf = (
  { norms, known }: Pick<Gram, "norms" | "known">,
  gains: readonly number[],
  copies: readonly number[],
): readonly number[] => {
  const weights = weightsOf(gainWeightsOf(gains), copies);
  const [usualAlong, usualBeside] = [usualOf(known, weights, USUAL), usualOf(norms, weights, USUAL)];
  return norms.map((norm, i) => {
    const allowed = usualAlong * Math.max(1, norm / usualBeside);
    const along = known[i]!;
    return along <= allowed ? 1 : (norm * norm + allowed * allowed) / (norm * norm + along * along);
  });
};
