import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import type { Parameters } from "#shared/model/parameters.js";
import { type RaceOutcome, runRace } from "#shared/scoring/racing/race.js";
import type { RaceRules } from "#shared/scoring/racing/rules.js";
import { type LossMeter, withUpdate } from "./loss-meter.js";

export interface ScoreUpdatesOptions<T> {
  /** The whole model that the updates were trained from. */
  readonly model: Parameters;
  /** Of one expert group. */
  readonly updates: readonly T[];
  /** As many as `rules.batches`, in the evaluation seed's order. */
  readonly batches: readonly Batch[];
  readonly rules: RaceRules;
  readonly isTimeUp: () => boolean;
}

/** Races a group's updates: the model's own losses once a batch, an update's while they can change something. */
export const scoreUpdates = <T extends { readonly tensors: FloatTensors }>(
  meter: Pick<LossMeter, "losses">,
  { model, updates, batches, rules, isTimeUp }: ScoreUpdatesOptions<T>,
): Promise<RaceOutcome<T>> =>
  runRace({
    contenders: updates,
    rules,
    isTimeUp,
    before: (from, to) => meter.losses(model, batches.slice(from, to)),
    after: async ({ tensors }, from, to) => {
      // Blocks arrive between two measurements.
      await yieldToEvents();
      return meter.losses(withUpdate(model, tensors), batches.slice(from, to));
    },
  });
