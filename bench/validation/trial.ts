import type { Random } from "#shared/data/random.js";
import { proofOfLoss } from "#shared/scoring/proof-of-loss.js";
import type { RaceResult } from "#shared/scoring/racing/race.js";
import type { RaceRules } from "#shared/scoring/racing/rules.js";
import { runRace } from "#shared/scoring/racing/run-races.js";
import type { DrawField, Field } from "./fields.js";

/** How races compare with a full evaluation of the same batches. */
export interface Comparison {
  /** Batches evaluated, of all. */
  readonly batches: number;
  /** First places whose holder, by the full evaluation, is as good as the one it gives the place to, within the tolerance. */
  readonly agreement: number;
  /** First places that the very same miner holds. */
  readonly same: number;
  /** Agreement of a second full evaluation, on other batches: what there is to agree with. */
  readonly repeated: number;
}

export interface CompareOptions {
  readonly draw: DrawField;
  readonly rules: RaceRules;
  readonly trials: number;
  readonly random: Random;
}

/** Races fields, half of whose batches a second full evaluation has to itself. */
export const compare = async ({ draw, rules, trials, random }: CompareOptions): Promise<Comparison> => {
  const sums = { batches: 0, miners: 0, places: 0, agreeing: 0, same: 0, repeated: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const twice = draw(random, 2 * rules.batches);
    const field = twice.map((differences) => differences.slice(0, rules.batches));
    const results = await raceOf(field, rules);
    const full = fullScores(field, rules);
    const places = firstOf(full, rules.topN);
    const isAsGood = (holder: number | undefined, place: number) => {
      const due = full[places[place]!]!;
      return Math.abs((full[holder ?? -1] ?? 0) - due) <= rules.tolerance * due;
    };
    const raced = firstOf(results.map(scoreOf), rules.topN);
    const again = firstOf(
      fullScores(
        twice.map((differences) => differences.slice(rules.batches)),
        rules,
      ),
      rules.topN,
    );
    sums.batches += results.reduce((sum, { batches }) => sum + batches, 0);
    sums.miners += field.length;
    sums.places += places.length;
    sums.agreeing += places.filter((_, place) => isAsGood(raced[place], place)).length;
    sums.same += places.filter((holder, place) => raced[place] === holder).length;
    sums.repeated += places.filter((_, place) => isAsGood(again[place], place)).length;
  }
  return {
    batches: sums.batches / (sums.miners * rules.batches),
    agreement: sums.agreeing / sums.places,
    same: sums.same / sums.places,
    repeated: sums.repeated / sums.places,
  };
};

/** Every miner's result, in the field's order. Only differences count, so the model itself has loss 0 here. */
export const raceOf = async (field: Field, rules: RaceRules): Promise<readonly RaceResult[]> => {
  const contenders = field.map((_, miner) => miner);
  const { results } = await runRace({
    contenders,
    rules,
    before: async (from, to) => Array.from({ length: to - from }, () => 0),
    after: async (miner, from, to) => field[miner]!.slice(from, to).map((difference) => -difference),
  });
  return contenders.map((miner) => results.get(miner)!);
};

const fullScores = (field: Field, rules: RaceRules): readonly number[] =>
  field.map((differences) =>
    scoreOf(
      proofOfLoss(
        differences.map(() => 0),
        differences.map((difference) => -difference),
        rules,
      ),
    ),
  );

const scoreOf = (result: { readonly verdict: string; readonly score?: number }): number => result.score ?? 0;

const firstOf = (scores: readonly number[], places: number): readonly number[] =>
  scores
    .map((_, miner) => miner)
    .filter((miner) => scores[miner]! > 0)
    .sort((a, b) => scores[b]! - scores[a]!)
    .slice(0, places);
