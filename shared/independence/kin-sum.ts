/** Kinship up to this value is chance between independent trainings, and what trainings of equal length have in common. */
const CHANCE = 0.1;

/** Another update, seen from one. */
export interface Other {
  /** Correlation of their noises. */
  readonly kinship: number;
  /** The part of what it has in common that it takes from the one, from 0 to 1. */
  readonly taking: number;
  /** As how many updates its own kin count, itself included. */
  readonly count: number;
}

/** What a kinship is beyond chance, 0 where it may be chance and 1 for a copy. */
export const beyondChance = (kinship: number): number => Math.max(0, kinship - CHANCE) / (1 - CHANCE);

/** What the kinships of one update with all others come to, each beyond what may be chance. */
export const kinOfEach = (others: readonly Other[]): number =>
  others.reduce((sum, { kinship, taking }) => sum + taking * beyondChance(kinship), 0);

/**
 * The same, and what all of them come to together beyond chance. Only where loadings are known well enough for that.
 *
 * Chance grows with the root of the number: of a tenth with each of thirty hardly any is chance. Among kin of one another chance is the same, so
 * each adds its kin to the number.
 */
export const kinTogether = (others: readonly Other[]): number => {
  let within = 0;
  let number = 0;
  for (const { kinship, taking, count } of others) {
    within += taking * Math.min(Math.max(0, kinship), CHANCE);
    number += taking * count;
  }
  return kinOfEach(others) + Math.max(0, within - CHANCE * Math.sqrt(number)) / (1 - CHANCE);
};
