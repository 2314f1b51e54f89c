import type { RewardCurve } from "./curve.js";
import { incomeOf } from "./income.js";

export interface Splitting {
  readonly curve: RewardCurve;
  /** Scores of all other miners. */
  readonly field: readonly number[];
  /** The miner's score with all of its work under one identity. */
  readonly score: number;
  /** How the score grows with work: `score · work^concavity`. Below 1, half of the work earns more than half of the score. */
  readonly concavity: number;
  /** Cost of one more identity per cycle, as a share of the pool: its registration fee spread over its lifetime, and its machine. */
  readonly identityCost: number;
}

/**
 * The gain of a miner, as a share of the pool per cycle, from splitting its work evenly among `identities` hotkeys instead of working under
 * one. Each part is trained independently, so the duplicate gate finds nothing. Ties go to the other miners.
 */
export const splittingGain = (options: Splitting, identities: number): number => {
  const { curve, field, score, concavity, identityCost } = options;
  const parts = incomeOf(curve, { field, score: score * identities ** -concavity, identities });
  return parts - incomeOf(curve, { field, score, identities: 1 }) - (identities - 1) * identityCost;
};

/** The least cost of an identity at which splitting into 2 to `most` identities never pays. */
export const identityCostFor = (options: Omit<Splitting, "identityCost">, most: number): number => {
  let cost = 0;
  for (let identities = 2; identities <= most; identities++)
    cost = Math.max(cost, splittingGain({ ...options, identityCost: 0 }, identities) / (identities - 1));
  return cost;
};

/**
 * The greatest gain of a miner under `proportional` over all fields, as a share of the pool, if identities are free. Its k parts together
 * weigh x = k^(1 − concavity · exponent) times the whole. If the others weigh √x times the whole, the gain is (√x − 1) / (√x + 1). 0 from
 * the exponent 1 / concavity on, because then x ≤ 1.
 */
export const mostGainOf = (exponent: number, concavity: number, identities: number): number => {
  const root = identities ** ((1 - concavity * exponent) / 2);
  return Math.max(0, (root - 1) / (root + 1));
};

/** The concavity at which one of `parts` parts of a work scores `share` of the whole's score. Infinity if it scores nothing. */
export const concavityOf = (share: number, parts: number): number =>
  share > 0 ? Math.max(0, -Math.log(share)) / Math.log(parts) : Number.POSITIVE_INFINITY;

/** The least exponent of `proportional` at which no miner of that concavity gains by splitting, for any field and number of parts. */
export const exponentAgainst = (concavity: number): number => 1 / concavity;
