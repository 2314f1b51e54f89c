import { weightedMedian } from "#shared/util/weighted-median.js";

/**
 * Factors that scale every longer update down to the median L2 norm of all, and leave shorter ones as they are. The median is by what the
 * updates have to say and not by their number: else as many updates of next to nothing as there are others would shorten them all to nothing.
 * Those with less than half of the say can neither raise nor lower the norm beyond those of the others (norm bounding: Sun et al., "Can You
 * Really Backdoor Federated Learning?", 2019, here with the median as the bound).
 *
 * @param norms one per update, at least one
 * @param voices how much each has to say; at least 0, not all of them 0
 */
export const clipToMedianNorm = (norms: readonly number[], voices: readonly number[]): readonly number[] => {
  const bound = weightedMedian(norms, voices);
  return norms.map((norm) => (norm > bound ? bound / norm : 1));
};
