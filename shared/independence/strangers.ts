import { kinCountsOf, type Makeup, precisionOf } from "./kinship.js";
import { fourth, square } from "./powers.js";
import { type Weighted, weightedQuantile } from "./weighted-quantile.js";

/** Quantile of a row's values that unrelated updates have, however many are kin. */
export const STRANGERS = 0.1;
/**
 * Share of a row's largest value. A smaller one has nothing in common with the row, so it does not show how much unrelated updates have
 * in common.
 */
const UNRELATED = 0.15;

/** What an update has in common with unrelated updates, given what it has in common with each other update. With its kin it has more. */
export const amongStrangers = (others: readonly Weighted[]): number => {
  const least = UNRELATED * Math.max(...others.map(({ value }) => value));
  const related = others.filter(({ value }) => value >= least);
  return related.length > 0 ? weightedQuantile(related, STRANGERS) : 0;
};

/** 1 for strangers, next to nothing for kin. */
export const strangeness = (kin: number): number => fourth(1 - Math.max(0, kin));

/** How much updates say, each weighted by precision, a set of kin as one. */
export interface Hearing {
  /** Of what all have in common, by their cosine. */
  pair(i: number, j: number): number;
  /** What j says of i's loading: nothing of its own or its kin's. */
  of(i: number, j: number): number;
}

/** @param heard how much each is heard for its loss reduction (`gainWeightsOf`) */
export const hearingOf = ({ loadings, kinship }: Makeup, heard: readonly number[]): Hearing => {
  const kinCounts = kinCountsOf(kinship);
  const precisions = loadings.map(precisionOf);
  const strange = (i: number, j: number) => strangeness(kinship[i]![j]!);
  return {
    pair: (i, j) =>
      (precisions[i]! * heard[i]! * precisions[j]! * heard[j]! * strange(i, j)) / (kinCounts[i]! * kinCounts[j]!),
    of: (i, j) => (j === i ? 0 : (precisions[j]! * heard[j]! * strange(i, j)) / kinCounts[j]!),
  };
};

/** What an update is told of its loading: `along / weight`, unless the weight is 0. */
export interface Told {
  readonly along: number;
  readonly weight: number;
}

/** What others of these loadings tell an update by their cosines with it. */
export const toldBy = (
  cosines: ArrayLike<number>,
  loadings: readonly number[],
  share: (of: number) => number,
): Told => {
  let along = 0;
  let weight = 0;
  for (const [j, loading] of loadings.entries()) {
    const said = share(j);
    along += said * cosines[j]! * loading;
    weight += said * square(loading);
  }
  return { along, weight };
};

/** The geometric mean of a loading and of what is told of it, so that rounds do not alternate between two values. */
export const towards = (loading: number, { along, weight }: Told): number =>
  weight > 0 ? rootOf((loading * along) / weight) : loading;

/** 0 of what is not positive. */
export const rootOf = (value: number): number => (value > 0 ? Math.sqrt(value) : 0);
