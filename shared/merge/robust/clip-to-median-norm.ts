import { lowerMedian } from "#shared/util/lower-median.js";

/**
 * Factors that scale every longer update down to the median L2 norm of all, and leave shorter ones as they are. Fewer than half of the
 * updates cannot raise the length that any of them has in the merge (norm bounding: Sun et al., "Can You Really Backdoor Federated
 * Learning?", 2019, here with the median as the bound). Of two updates, the longer one is scaled down to the shorter.
 *
 * @param norms one per update, at least one
 */
export const clipToMedianNorm = (norms: readonly number[]): readonly number[] => {
  const bound = lowerMedian(norms);
  return norms.map((norm) => (norm > bound ? bound / norm : 1));
};
