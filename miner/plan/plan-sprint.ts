import { profileOf } from "#shared/compute/profile/profile-of.js";
import type { Network } from "#shared/protocol/network.js";
import { cycleLength } from "#shared/protocol/phases.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import type { ComputeConfig } from "../config.js";

/** What Sprints take of a machine, and what they leave of its pay. */
export interface SprintPlan {
  readonly dials: Sprint["dials"];
  readonly every: number;
  /** Probability of a confirmation in each cycle between. */
  readonly confirmations: number;
  /** Part of a Sprint's search that the idle time of each other cycle is. 0: none. */
  readonly idle: number;
  /** Bytes of the network's weights. */
  readonly memory: number;
  /** Seconds of computing in the evaluate phase of a cycle with a Sprint, by `compute.max_share`. */
  readonly searchSeconds: number;
  /** Part of all time that Sprints, confirmations and proofs of idle time compute in, in the mean, loading left out. */
  readonly share: number;
  /** Nonces with which pay is whole, and those that the operator expects of a Sprint; null where it is not said. */
  readonly required: number | null;
  readonly expected: number | null;
}

export interface SprintPlanContext {
  readonly blockSeconds: number;
  /** Whether the processor's kernels compute it, a byte a weight; else floats. */
  readonly isProcessor: boolean;
}

/** Null where the network has no Sprints, or the miner takes part in none. */
export const planSprint = (
  compute: Pick<ComputeConfig, "max_share" | "expected_nonces">,
  { sprint, phases }: Pick<Network, "sprint" | "phases">,
  { blockSeconds, isProcessor }: SprintPlanContext,
): SprintPlan | null => {
  if (!sprint || compute.max_share === 0) return null;
  const { dials, every, confirmations = 0, required = null } = sprint;
  const { parameters, processorBytes } = profileOf(sprint).size(dials);
  const idle = sprint.idle?.window ?? 0;
  const searchSeconds = compute.max_share * phases.evaluate * blockSeconds;
  const sprintsPerCycle = 1 / every + (1 - 1 / every) * (confirmations + (1 - confirmations) * idle);
  return {
    ...{ dials, every, confirmations, idle, searchSeconds, required },
    memory: (isProcessor ? processorBytes : 4) * parameters,
    share: (sprintsPerCycle * searchSeconds) / (cycleLength(phases) * blockSeconds),
    expected: compute.expected_nonces ?? null,
  };
};
