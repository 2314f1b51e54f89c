import { normal } from "#shared/data/normal.js";
import type { Random } from "#shared/data/random.js";
import { nextDifficulty } from "#shared/sprint/proof/difficulty.js";
import { sampleWins } from "#shared/sprint/proof/sample.js";
import { winsWeight } from "#shared/sprint/proof/wins-weight.js";
import { entropyOf } from "./timeline.js";

/** A host's proof as it is claimed. */
export interface Claim {
  /** V·D. */
  readonly weight: number;
  readonly wins: number;
  /** Numbers of the wins that are none. */
  readonly falseWins: ReadonlySet<number>;
  readonly hash: string;
}

interface Work {
  /** Nonces evaluated, or credited. */
  readonly nonces: number;
  /** What the host announced that it would evaluate: it decides the difficulty. */
  readonly expected: number;
  readonly padding: number;
}

/**
 * The proof of so many nonces: a binomial number of wins, by its normal approximation, and the false wins added to them, at places
 * drawn by lot.
 */
export const claim = ({ nonces, expected, padding }: Work, hash: string, random: Random): Claim => {
  const difficulty = nextDifficulty(expected);
  const mean = nonces / difficulty;
  const spread = Math.sqrt(mean * (1 - 1 / difficulty));
  const won = Math.max(0, Math.round(mean + (spread > 0 ? spread * normal(random) : 0)));
  const added = Math.round(padding * won);
  const wins = won + added;
  const falseWins = new Set<number>();
  while (falseWins.size < added) falseWins.add(random.below(wins));
  return { weight: winsWeight(wins, difficulty).weight, wins, falseWins, hash };
};

/** The first false win of a verifier's sample of a proof, or null: what an honest verifier finds. */
export const findFalse = (claimed: Claim, verifier: string, seed: number): number | null => {
  if (claimed.falseWins.size === 0) return null;
  const beacon = entropyOf(seed, "sample", claimed.hash);
  const sample = sampleWins({ seed: beacon, verifier, proofHash: claimed.hash, wins: claimed.wins });
  return sample.find((index) => claimed.falseWins.has(index)) ?? null;
};

/** Wins that a verifier evaluates of a proof. */
export const checkedWins = ({ wins }: Claim, most: number): number => Math.min(wins, most);
