import type { Matrix } from "./gram.js";
import { bounded, kinCountsOf, kinshipOf, type Makeup, positive, precisionOf } from "./kinship.js";
import { square } from "./powers.js";
import { shrunk } from "./shrinkage.js";
import { hearingOf, rootOf, STRANGERS, toldBy, towards } from "./strangers.js";
import { usualOf, weightedQuantile } from "./weighted-quantile.js";
import { gainWeightsOf, weightsOf } from "./weights.js";
import type { WitnessCosines } from "./witness-cosines.js";

const ROUNDS = 4;
/** Relative amount by which the others may move a loading from what the witnesses say. */
const LEEWAY = 0.02;
/** Least loading that witnesses see, so that quotients stay finite. */
const LEAST_SEEN = 1e-3;
/**
 * Miners' trainings may have more in common with each other than with the witnesses, by batch size or learning rate. More than this they have by
 * being kin.
 */
const MOST_SCALE = 1.25;

export interface WitnessedMakeup extends Makeup {
  /** Precision of one training: a witness's. */
  readonly usual: number;
}

/**
 * Separates what all updates have in common from what only some have in common, as `makeupOf` does, but by trainings that nobody can copy or
 * outnumber. An update's cosine with a witness is the product of their loadings (Spearman, "General intelligence", 1904), whoever is in the
 * majority.
 *
 * Where miners train otherwise than the witnesses, they may have more in common with each other than with these. So loadings are scaled by what
 * strangers among the updates have in common. They are never scaled down: parts of one training have nothing in common, and honest miners would
 * pass for kin. Then everybody, the witnesses included, moves each loading by a little, so that validators with different witnesses find
 * similar figures.
 *
 * @param cosines of at least two updates, none of length 0; @param gains loss reductions, as far as they are the updates' own, above 0;
 *   @param copies `copiesOf` the cosines
 */
export const witnessedMakeupOf = (
  cosines: Matrix,
  gains: readonly number[],
  copies: readonly number[],
  witnesses: WitnessCosines,
): WitnessedMakeup => {
  const gainWeights = gainWeightsOf(gains);
  const weights = weightsOf(gainWeights, copies);
  const witnessed = shrunk(witnesses.cosines, weights, witnesses.variance);
  const seen = witnessed.map((cosine) => Math.max(LEAST_SEEN, cosine / witnesses.loading));
  const ofWitness = bounded(witnesses.loading);
  const scale = scaleOf(cosines, seen, { gainWeights, ofWitness });
  const anchors = seen.map((loading) => bounded(scale * loading));
  const said = witnesses.count * precisionOf(witnesses.loading);
  let loadings: readonly number[] = anchors;
  let kinship = kinshipOf(cosines, loadings);
  for (let round = 0; round < ROUNDS; round++) {
    const before = loadings;
    const hearing = hearingOf({ loadings, kinship: positive(kinship) }, gainWeights);
    loadings = before.map((loading, i) => {
      const told = toldBy(cosines[i]!, before, (j) => hearing.of(i, j));
      const found = towards(loading, {
        along: told.along + said * witnessed[i]! * witnesses.loading,
        weight: told.weight + said * square(witnesses.loading),
      });
      const anchor = anchors[i]!;
      return bounded(Math.max(anchor / (1 + LEEWAY), Math.min(found, anchor * (1 + LEEWAY))));
    });
    kinship = kinshipOf(cosines, loadings);
  }
  return { loadings, kinship, usual: precisionOf(bounded(scale * ofWitness)) };
};

/**
 * How many times as much strangers have in common with each other as these loadings say, in [1, `MOST_SCALE`].
 *
 * Updates are heard by precision, up to a witness's: one with hardly any loading would have any quotient, and costs no work. Kin are heard as
 * one: hotkeys of one training would say that what they have in common is everybody's.
 */
const scaleOf = (
  cosines: Matrix,
  loadings: readonly number[],
  { gainWeights, ofWitness }: { readonly gainWeights: readonly number[]; readonly ofWitness: number },
): number => {
  const own = loadings.map(bounded);
  const counts = kinCountsOf(positive(kinshipOf(cosines, own)));
  const heard = own.map(
    (loading, i) => (gainWeights[i]! / counts[i]!) * Math.min(precisionOf(loading), precisionOf(ofWitness)),
  );
  const rows = cosines.map((row, i) => {
    const others = loadings.flatMap((loading, j) =>
      j === i ? [] : [{ value: row[j]! / (loadings[i]! * loading), weight: heard[j]! }],
    );
    return weightedQuantile(others, STRANGERS);
  });
  return Math.max(1, Math.min(MOST_SCALE, rootOf(usualOf(rows, heard, 0.5))));
};
