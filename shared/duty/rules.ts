import { MILLION } from "#shared/util/fraction.js";
import { MAX_DRAWS } from "./duty-document.js";

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

/** How missed duty is looked for. */
export interface AuditRules {
  /** Greatest number of unclaimed tasks whose draws a verifier must publish. */
  readonly sample: number;
  /** The share of its duty that a verifier may abstain from, in millionths; beyond it an abstention is a missed duty. */
  readonly abstentions: number;
  /** Whether a verdict counts only with evidence, and one of each verifier's is recomputed. One without is an abstention. */
  readonly evidence: boolean;
  /** Most duties in a cycle: who is on duty more often does those with the least draws, as many as its document holds. */
  readonly most: number;
}

export const DEFAULT_AUDIT: AuditRules = { sample: 64, abstentions: MILLION / 5, evidence: false, most: MAX_DRAWS };
