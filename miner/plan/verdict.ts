import type { TrainingPlan } from "./plan.js";

/** What a machine has for it. */
export interface Available {
  readonly memory: number;
  /** Bytes that are free, and those that the program's files take already. */
  readonly disk: number;
  /** Of a step, measured or found from products; null where nothing was measured. */
  readonly stepSeconds: number | null;
}

/** Whether a machine has what training takes. Null where it is not known. */
export interface Verdict {
  readonly memory: boolean;
  readonly disk: boolean;
  /** Whether one step at least fits into the train phase. */
  readonly time: boolean | null;
  /** Optimiser steps and tokens of a cycle: as many as fit into the train phase, at most `max_steps`. */
  readonly steps: number | null;
  readonly tokens: number | null;
  /** All of them, as far as known. */
  readonly join: boolean;
}

export const verdictOf = (
  { anonymous, workers, disk, train }: TrainingPlan,
  { memory, disk: free, stepSeconds }: Available,
): Verdict => {
  const steps = stepSeconds === null ? null : Math.min(train.maxSteps, Math.floor(train.seconds / stepSeconds));
  const told = {
    memory: workers * anonymous <= memory,
    disk: disk.total <= free,
    time: steps === null ? null : steps > 0,
  };
  return {
    ...told,
    steps,
    tokens: steps === null ? null : steps * train.tokensPerStep,
    join: told.memory && told.disk && told.time !== false,
  };
};
