import { MILLION } from "#shared/util/fraction.js";
import type { DutyRules } from "./rules.js";

/** What decides how often an executor's tasks are checked in a cycle. */
export interface Scrutiny {
  /** In millionths, 0 … 1,000,000. */
  readonly reputation: number;
  /** Tasks of all executors: the greater number of this cycle's and the last one's. */
  readonly volume: number;
  /** What a proven fraud would leave unpaid, in tasks as dear as this executor's dearest. */
  readonly atStake: number;
}

/** How many verifiers a task of the executor has on average, and why. All in millionths. */
export interface DutyTarget {
  readonly target: number;
  /** By volume alone: what the best reputation gets. */
  readonly least: number;
  /** least + (1 − least) · (1 − reputation). */
  readonly byReputation: number;
  /** 2 · saving / tasks at stake. At 1 and above everybody checks. */
  readonly floor: number;
  readonly isEverybody: boolean;
}

/**
 * The least frequency by volume, in millionths, rounded up.
 *
 * @param tasks a non-negative integer
 */
export const leastFrequency = (tasks: number, { volumes }: DutyRules): number => {
  const above = volumes.findIndex(([at]) => at >= tasks);
  if (above === 0) return volumes[0]![1];
  if (above === -1) return volumes.at(-1)?.[1] ?? 0;
  const [[fromTasks, from], [toTasks, to]] = [volumes[above - 1]!, volumes[above]!];
  const fallen = (BigInt(from - to) * BigInt(tasks - fromTasks)) / BigInt(toTasks - fromTasks);
  return from - Number(fallen);
};

/**
 * The paper's frequency, 1 − 0.99 · reputation at high volume, and not below the floor of deterrence.
 *
 * The floor. A cheat on one task saves a share s of its cost and risks the pay of T tasks. With honest verifiers of a share h of the weight it is
 * found with probability 1 − e^(−h·p), so p = 2s / T makes cheating a loss where T is 2 or more and h two thirds; where 2s / T is 1 or more, all
 * check.
 */
export const dutyTarget = ({ reputation, volume, atStake }: Scrutiny, rules: DutyRules): DutyTarget => {
  const least = leastFrequency(volume, rules);
  const byReputation = MILLION - Math.floor(((MILLION - least) * reputation) / MILLION);
  const floor = Math.ceil((2 * rules.saving) / Math.max(1, atStake));
  const isEverybody = floor >= MILLION;
  return { target: isEverybody ? MILLION : Math.max(byReputation, floor), least, byReputation, floor, isEverybody };
};
