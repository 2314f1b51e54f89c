/**
 * Parts relative to the usual one, which is their mean, each weighted by itself (the contraharmonic mean). The mean by number would fall with
 * each update that is worth next to nothing. Such updates cost no work, and validators that do not have the same ones would find other figures.
 *
 * @param parts at least 0, not all 0
 */
export const relativeToUsual = (parts: readonly number[]): readonly number[] => {
  const largest = Math.max(...parts);
  // Relative to the largest one, so that no square underflows.
  const scaled = parts.map((part) => part / largest);
  const total = scaled.reduce((sum, part) => sum + part, 0);
  const squares = scaled.reduce((sum, part) => sum + part * part, 0);
  return scaled.map((part) => (part * total) / squares);
};
