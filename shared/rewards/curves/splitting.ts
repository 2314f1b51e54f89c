import type { RewardCurve } from "./curve.js";
import { incomeOf } from "./income.js";

export interface Splitting {
  readonly curve: RewardCurve;
  /** Scores of all others. */
  readonly field: readonly number[];
  /** What the miner scores with all of its work under one identity. */
  readonly score: number;
  /** How the score grows with work: `score · work^concavity`. Below 1, half of the work earns more than half of the score. */
  readonly concavity: number;
  /** What one more identity costs a cycle, as a share of the pool: registration spread over its life, and its machine. */
  readonly identityCost: number;
}

/**
 * What a miner gains, as a share of the pool a cycle, by splitting its work evenly among `identities` hotkeys rather than working under
 * one. Each part is trained by itself, so that the duplicate gate has nothing to find. Ties go to the others.
 */
export const splittingGain = (options: Splitting, identities: number): number => {
  const { curve, field, score, concavity, identityCost } = options;
  const parts = incomeOf(curve, { field, score: score * identities ** -concavity, identities });
  return parts - incomeOf(curve, { field, score, identities: 1 }) - (identities - 1) * identityCost;
};

/** The least that an identity must cost so that splitting into 2 to `most` identities never pays. */
export const identityCostFor = (options: Omit<Splitting, "identityCost">, most: number): number => {
  let cost = 0;
  for (let identities = 2; identities <= most; identities++)
    cost = Math.max(cost, splittingGain({ ...options, identityCost: 0 }, identities) / (identities - 1));
  return cost;
};

/**
 * The most that any field lets a miner gain under `proportional`, as a share of the pool, identities for nothing: its k parts weigh
 * x = k^(1 − concavity · exponent) times the whole, and where the others weigh √x times the whole that gains (√x − 1) / (√x + 1).
 * 0 from the exponent 1 / concavity on, for then x ≤ 1.
 */
export const mostGainOf = (exponent: number, concavity: number, identities: number): number => {
  const root = identities ** ((1 - concavity * exponent) / 2);
  return Math.max(0, (root - 1) / (root + 1));
};

/** The concavity at which one of `parts` of a work scores `share` of what the whole does; Infinity where it scores nothing. */
export const concavityOf = (share: number, parts: number): number =>
  share > 0 ? Math.max(0, -Math.log(share)) / Math.log(parts) : Number.POSITIVE_INFINITY;

/** The least exponent of `proportional` under which nobody of that concavity gains by splitting, whatever the field and the parts. */
export const exponentAgainst = (concavity: number): number => 1 / concavity;
