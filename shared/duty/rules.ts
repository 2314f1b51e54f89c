import { MILLION } from "#shared/util/fraction.js";

/** How often work is checked. */
export interface DutyRules {
  /**
   * Tasks of a cycle, ascending, and the least expected number of verifiers a task with that many, in millionths, descending; linear between,
   * constant outside.
   */
  readonly volumes: readonly (readonly [tasks: number, least: number])[];
  /** The share of a task's cost that a cheat saves, in millionths; decides the floor of deterrence. 0: no floor. */
  readonly saving: number;
}

/** The paper's Appendix D: every task below 100 a cycle, 5 % at 5,000, 1 % from 10,000 on; no floor. */
export const PAPER_DUTY: DutyRules = {
  volumes: [
    [100, MILLION],
    [5_000, 50_000],
    [10_000, 10_000],
  ],
  saving: 0,
};

/** The same, and catching one cheat costs more than it saves, where 90 % of the cost is saved. */
export const DEFAULT_DUTY: DutyRules = { ...PAPER_DUTY, saving: 900_000 };
