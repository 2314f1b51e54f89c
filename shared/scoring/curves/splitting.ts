import type { RewardCurve } from "./curve.js";

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
  const { score, concavity, identityCost } = options;
  const part = score * identities ** -concavity;
  return income(options, part, identities) - income(options, score, 1) - (identities - 1) * identityCost;
};

/**
 * The same for copies of one work, of which the duplicate gate passes `passed` beside the original: those identities score in full.
 */
export const copyingGain = (options: Omit<Splitting, "concavity">, copies: number, passed: number): number =>
  income(options, options.score, 1 + passed) - income(options, options.score, 1) - copies * options.identityCost;

/** The least that an identity must cost so that splitting into 2 to `most` identities never pays. */
export const identityCostFor = (options: Omit<Splitting, "identityCost">, most: number): number => {
  let cost = 0;
  for (let identities = 2; identities <= most; identities++)
    cost = Math.max(cost, splittingGain({ ...options, identityCost: 0 }, identities) / (identities - 1));
  return cost;
};

const income = ({ curve, field }: Pick<Splitting, "curve" | "field">, score: number, identities: number): number => {
  const scores = [...field, ...new Array<number>(identities).fill(score)].sort((a, b) => b - a);
  const shares = curve(scores);
  const first = scores.lastIndexOf(score) - identities + 1;
  return shares.slice(first, first + identities).reduce((sum, share) => sum + share, 0);
};
