import type { FloatTensors } from "#shared/artifact/update.js";
import type { DocumentSource } from "#shared/data/source.js";
import { evaluationBatches, type LossMeter } from "#shared/evaluation/loss-meter.js";
import { updateRace } from "#shared/evaluation/score-updates.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Network } from "#shared/protocol/network.js";
import { evaluationSeed, type SeedInputs } from "#shared/protocol/seed.js";
import { fullBound } from "#shared/scoring/racing/full-bound.js";
import { planLaps } from "#shared/scoring/racing/laps.js";
import type { RaceResult } from "#shared/scoring/racing/race.js";
import { type RaceRules, raceRules } from "#shared/scoring/racing/rules.js";
import { runRace } from "#shared/scoring/racing/run-races.js";
import { studentQuantile } from "#shared/scoring/student-t.js";
import { mean } from "#shared/util/mean.js";
import type { Draw } from "./report.js";

/** Of the two-sided interval that is shown beside the score's own bound. */
export const TWO_SIDED = 0.95;

export interface DrawOptions {
  readonly network: Network;
  readonly group: string;
  /** The whole base model. */
  readonly model: ModelTensors;
  readonly tensors: FloatTensors;
  /** Evaluation seeds, one a draw. */
  readonly seeds: readonly string[];
  /** Opened text of a group that is evaluated on such. */
  readonly sealed: DocumentSource | null;
  readonly signal: AbortSignal;
}

/**
 * The race's rules for one who runs alone: all batches, and the confidence at which a race that goes over all of them takes its
 * bound, so that the score is the one that a validator gives.
 */
export const aloneRules = (scoring: Network["scoring"]): RaceRules => {
  const rules = raceRules(scoring);
  return { ...rules, rounds: 1, confidence: planLaps(rules).at(-1)!.confidence };
};

/**
 * Evaluation seeds of our own: what makes the real one nobody knows before the commits are closed. They depend on the cycle
 * and the group alone, so that two updates of a cycle are compared on the same text.
 */
export const ownSeeds = (cycle: Omit<SeedInputs, "purpose" | "entropy">, draws: number): readonly string[] =>
  Array.from({ length: draws }, (_, draw) =>
    evaluationSeed({ ...cycle, purpose: "evaluate", entropy: sha256(Buffer.from(`blockzero/draw/${draw}`)) }),
  );

/** Evaluates an update as a validator does, once with each seed. */
export const drawScores = async (
  meter: Pick<LossMeter, "ofGroup">,
  { network, group, model, tensors, seeds, sealed, signal }: DrawOptions,
): Promise<readonly Draw[]> => {
  const rules = aloneRules(network.scoring);
  const found: Draw[] = [];
  for (const seed of seeds) {
    const update = { load: async () => tensors };
    const race = await updateRace(meter, {
      model,
      group: network.groups[group]!,
      updates: [update],
      batches: evaluationBatches(network, group, seed, sealed),
      rules,
    });
    const { before, results } = await runRace(race, {
      now: () => performance.now(),
      left: () => (signal.aborted ? 0 : Number.POSITIVE_INFINITY),
    });
    signal.throwIfAborted();
    found.push({ seed, baseline: mean(before), ...resultOf(results.get(update)!, rules) });
  }
  return found;
};

const resultOf = (result: RaceResult, rules: RaceRules): Omit<Draw, "seed" | "baseline"> => {
  const { batches } = result;
  if (result.verdict !== "scored") return { batches, verdict: result.verdict, reason: result.reason, measured: null };
  const { lossReduction, standardError, score } = result;
  const around = studentQuantile((1 + TWO_SIDED) / 2, batches - 1) * standardError;
  return {
    batches,
    verdict: "scored",
    reason: null,
    measured: {
      lossReduction,
      standardError,
      lowerBound: fullBound({ lossReduction, standardError, batches }, rules).lowerBound,
      interval: [lossReduction - around, lossReduction + around],
      score,
    },
  };
};
