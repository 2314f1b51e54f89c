/** Number of losses that a spike is compared with, and the least number for a decision. */
export const SPIKE_WINDOW = 64;
const SPIKE_MINIMUM = 16;

/** A smaller deviation, as a share of the mean, is raised to this value: if losses hardly differ, the next one is no spike. */
const LEAST_DEVIATION = 1e-3;

/**
 * Whether a loss lies more than `threshold` standard deviations above the mean of the losses before it.
 *
 * @param recent    losses of the last steps, including spikes, so that a loss that stays high becomes the usual one
 * @param threshold 0 for never
 */
export const isSpike = (loss: number, recent: readonly number[], threshold: number): boolean => {
  const window = recent.slice(-SPIKE_WINDOW);
  if (threshold === 0 || window.length < SPIKE_MINIMUM) return false;
  const mean = window.reduce((sum, value) => sum + value, 0) / window.length;
  const variance = window.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (window.length - 1);
  const deviation = Math.max(Math.sqrt(variance), LEAST_DEVIATION * Math.abs(mean));
  return loss > mean + threshold * deviation;
};
