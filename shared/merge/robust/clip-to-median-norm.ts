import { lowerMedian } from "#shared/util/lower-median.js";

/**
 * Factors that bring every update down to the median L2 norm of all, and leave shorter ones as they are: fewer than half of
 * them cannot raise the length that any one of them has in the merge (norm bounding: Sun et al., "Can You Really Backdoor Federated
 * Learning?", 2019, with the median for the bound). Of two, the longer one comes down to the shorter.
 *
 * @param norms one an update, at least one
 */
export const clipToMedianNorm = (norms: readonly number[]): readonly number[] => {
  const bound = lowerMedian(norms);
  return norms.map((norm) => (norm > bound ? bound / norm : 1));
};
