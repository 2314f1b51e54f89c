import type { RewardCurve } from "./curve.js";
import { incomeOf } from "./income.js";

export interface Copying {
  readonly curve: RewardCurve;
  /** Scores of all other miners. */
  readonly field: readonly number[];
  /** The score of the copied work. */
  readonly score: number;
  /** Whether the work is the copier's own, so that it is paid beside its copies. If not, it is in the field. */
  readonly isOwn: boolean;
  /** Probability that the duplicate gate recognises a copy. An unrecognised copy gets the full score. */
  readonly recall: number;
  /** Cost of one more identity per cycle, as a share of the pool. */
  readonly identityCost: number;
}

/** The mean gain from `copies` copies of one work, as a share of the pool per cycle, each under its own identity. Ties go to the other miners. */
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
 * The greatest mean gain of one copy under `proportional` over all fields and exponents, as a share of the pool, if identities are free. An
 * unrecognised copy of one's own work doubles one's weight: the gain is at most (√2 − 1) / (√2 + 1), as in `mostGainOf`. A copy of another
 * miner's work is paid at least beside that work: at most 1/2. The second unrecognised copy gains less than the first, so k copies gain at
 * most k times as much, even if their chances are dependent.
 */
export const mostGainOfCopy = ({ isOwn, recall }: Pick<Copying, "isOwn" | "recall">): number =>
  (1 - recall) * (isOwn ? (Math.SQRT2 - 1) / (Math.SQRT2 + 1) : 1 / 2);
