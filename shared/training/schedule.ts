import { BlockZeroError } from "#shared/errors/error.js";

/** Learning rate of a step, counted from 0. */
export type Schedule = (step: number) => number;

export interface CosineOptions {
  readonly peak: number;
  /** Number of steps of linear growth. Step `warmupSteps` has the peak rate. */
  readonly warmupSteps: number;
  /** First step at which the rate stays at the floor. */
  readonly totalSteps: number;
  readonly floor?: number;
}

/**
 * Linear warm-up to the peak, then half a cosine down to the floor (Loshchilov & Hutter 2017). Step 0 already learns, at peak /
 * (warmupSteps + 1). Throws TRAIN_SCHEDULE for lengths or rates that give no such curve.
 */
export const cosineWithWarmup = ({ peak, warmupSteps, totalSteps, floor = 0 }: CosineOptions): Schedule => {
  if (!(warmupSteps >= 0 && totalSteps >= warmupSteps && floor >= 0 && peak >= floor && peak < Infinity)) {
    throw new BlockZeroError(
      "TRAIN_SCHEDULE",
      `no schedule has peak ${peak}, floor ${floor}, ${warmupSteps} warm-up steps of ${totalSteps}`,
      "use 0 ≤ warm-up ≤ total steps and 0 ≤ floor ≤ peak",
    );
  }
  return (step) => {
    if (step < warmupSteps) return (peak * (step + 1)) / (warmupSteps + 1);
    if (step >= totalSteps) return floor;
    const progress = (step - warmupSteps) / (totalSteps - warmupSteps);
    return floor + ((peak - floor) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
};
