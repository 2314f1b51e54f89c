import type { RewardCurve } from "./curve.js";
import { incomeOf } from "./income.js";

export interface Copying {
  readonly curve: RewardCurve;
  /** Scores of all others. */
  readonly field: readonly number[];
  /** What the copied work scores. */
  readonly score: number;
  /** Whether it is the copier's own work, which stands beside its copies in any case; else it is one of the field's. */
  readonly isOwn: boolean;
  /** Probability that the duplicate gate recognises a copy; one that it passes scores in full. */
  readonly recall: number;
  /** What one more identity costs a cycle, as a share of the pool. */
  readonly identityCost: number;
}

/** What `copies` copies of one work gain on average, as a share of the pool a cycle, each under an identity of its own. Ties go to the others. */
export const copyingGain = ({ curve, field, score, isOwn, recall, identityCost }: Copying, copies: number): number => {
  const beside = isOwn ? 1 : 0;
  const income = (identities: number) => incomeOf(curve, { field, score, identities });
  let gain = -copies * identityCost;
  let ways = 1;
  for (let passed = 1; passed <= copies; passed++) {
    ways *= (copies - passed + 1) / passed;
    const chance = ways * (1 - recall) ** passed * recall ** (copies - passed);
    gain += chance * (income(beside + passed) - income(beside));
  }
  return gain;
};

/**
 * The most that any field lets one copy gain on average under `proportional`, whatever its exponent, as a share of the pool, identities for
 * nothing. A copy of one's own work that passes doubles one's weight: at most (√2 − 1) / (√2 + 1), as in `mostGainOf`. One of another's
 * work stands at least beside that one: at most 1/2. The second copy that passes gains less than the first, so k gain at most k times
 * as much, also where their chances hang together.
 */
export const mostGainOfCopy = ({ isOwn, recall }: Pick<Copying, "isOwn" | "recall">): number =>
  (1 - recall) * (isOwn ? (Math.SQRT2 - 1) / (Math.SQRT2 + 1) : 1 / 2);
