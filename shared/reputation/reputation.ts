import { continueMissTest, type MissTest, NEW_MISS_TEST } from "#shared/duty/miss-test.js";
import { MILLION } from "#shared/util/fraction.js";

/** What a host has earned by honest work, agreed after each cycle. */
export interface Reputation {
  /** Millionths, 0 … 1,000,000. */
  readonly value: number;
  /** Cycles in a row without a task, up to now. */
  readonly idle: number;
  readonly missTest: MissTest;
}

export const NEWCOMER: Reputation = { value: 0, idle: 0, missTest: NEW_MISS_TEST };

/** How reputation changes. Shares in millionths. */
export interface ReputationRules {
  /** Added after a clean cycle. */
  readonly gain: number;
  /** Tasks that a cycle must have to count as one. */
  readonly leastTasks: number;
  /** Share of missed duty that costs nothing. */
  readonly allowedMisses: number;
  /** What is left of reputation after each `idleCycles` without a task. */
  readonly idleCycles: number;
  readonly idleShare: number;
}

/** A thirtieth a cycle, rounded up so that thirty cycles give the whole. */
const THIRTIETH = Math.ceil(MILLION / 30);

/** The paper's Appendix D: a thirtieth a day, misses cost nothing, a month idle forgets everything. */
export const PAPER_REPUTATION: ReputationRules = {
  gain: THIRTIETH,
  leastTasks: 0,
  allowedMisses: MILLION,
  idleCycles: 30,
  idleShare: 0,
};

/** With the corrections: nothing is gained by idling or by one task, missed duty costs, idleness halves. */
export const DEFAULT_REPUTATION: ReputationRules = {
  gain: THIRTIETH,
  leastTasks: 20,
  allowedMisses: MILLION / 100,
  idleCycles: 30,
  idleShare: MILLION / 2,
};

/** What a cycle showed of a host. */
export interface ReputationCycle {
  /** Its finished tasks. */
  readonly tasks: number;
  /** A proven false result or verdict. */
  readonly isFraud: boolean;
  /** Duties that it had, and missed. */
  readonly duties: number;
  readonly missed: number;
  /** missed / duties in millionths. */
  readonly missRate: number;
}

/** A host's reputation after a cycle, and what changed it: `gained`, `lost` and `faded` are millionths, of which the last is what idleness took. */
export interface ReputationChange {
  readonly after: Reputation;
  readonly gained: number;
  readonly lost: number;
  readonly faded: number;
}

/**
 * One cycle's step. Fraud: 0, and everything begins anew. Else a clean cycle adds `gain`; missed duty beyond the allowed share is subtracted as it
 * is, so half of the duty missed costs half a reputation; each `idleCycles` in a row without a task leave `idleShare`.
 */
export const nextReputation = (
  before: Reputation,
  { tasks, isFraud, duties, missed, missRate }: ReputationCycle,
  rules: ReputationRules = DEFAULT_REPUTATION,
): ReputationChange => {
  const missTest = continueMissTest(before.missTest, { done: duties - missed, missed });
  if (isFraud) return { after: { value: 0, idle: 0, missTest }, gained: 0, lost: before.value, faded: 0 };
  const idle = tasks === 0 ? before.idle + 1 : 0;
  const isFading = idle > 0 && idle % rules.idleCycles === 0;
  const faded = isFading ? before.value - Math.floor((before.value * rules.idleShare) / MILLION) : 0;
  const gained = tasks > 0 && tasks >= rules.leastTasks ? Math.min(rules.gain, MILLION - before.value) : 0;
  const lost = Math.min(before.value + gained - faded, Math.max(0, missRate - rules.allowedMisses));
  return { after: { value: before.value + gained - faded - lost, idle, missTest }, gained, lost, faded };
};

/** The reputation that decides how often a host's work is checked: none while its missed duty is above what chance explains. */
export const trustedReputation = ({ value, missTest }: Reputation): number => (missTest.isNegligent ? 0 : value);

/** The paper's frequency at high volume, f(rep) = 1 − 0.99 · rep, in millionths, rounded up. */
export const scrutinyOf = (value: number): number => MILLION - Math.floor((99 * value) / 100);
