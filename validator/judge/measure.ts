import type { FloatTensors } from "#shared/artifact/update.js";
import type { OpenChange } from "#shared/evaluation/change.js";
import { evaluationBatches, type LossMeter } from "#shared/evaluation/loss-meter.js";
import { updateRace } from "#shared/evaluation/score-updates.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import type { Network } from "#shared/protocol/network.js";
import type { MeasuringTime } from "#shared/scoring/measuring-time.js";
import type { RaceOutcome } from "#shared/scoring/racing/race.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { runRaces } from "#shared/scoring/racing/run-races.js";
import type { EvaluationTexts } from "./evaluation-text.js";
import { type LossBook, remembering } from "./loss-book.js";

export interface MeasuredUpdate {
  readonly group: string;
  readonly artifact: string;
  /** Null if it cannot be read again. */
  load(): Promise<FloatTensors | null>;
  open(): Promise<OpenChange | null>;
}

export interface MeasureOptions<T> {
  readonly network: Network;
  /** The whole model that the cycle started from. */
  readonly model: ModelTensors;
  /** By group. */
  readonly seeds: Readonly<Record<string, string>>;
  readonly texts: EvaluationTexts;
  readonly updates: readonly T[];
  readonly book: LossBook;
  readonly time: MeasuringTime;
}

/** Races the updates of every group that has a text, all groups in parallel. */
export const measureUpdates = async <T extends MeasuredUpdate>(
  meter: LossMeter,
  { network, model, seeds, texts, updates, book, time }: MeasureOptions<T>,
): Promise<ReadonlyMap<string, RaceOutcome<T>>> => {
  const groups = Object.keys(network.groups).filter((group) => texts.get(group)?.ok !== false);
  const races = [];
  for (const group of groups) {
    const text = texts.get(group);
    const seed = seeds[group]!;
    const race = await updateRace(meter, {
      model,
      group: network.groups[group]!,
      updates: updates.filter((update) => update.group === group),
      batches: evaluationBatches(network, group, seed, text?.ok ? text.value : null),
      rules: raceRules(network.scoring),
    });
    races.push(remembering(race, book, seed));
  }
  const outcomes = await runRaces(races, time);
  return new Map(groups.map((group, i) => [group, outcomes[i]!]));
};
