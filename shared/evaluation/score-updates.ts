import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { ExpertGroup } from "#shared/protocol/expert-group.js";
import type { Race } from "#shared/scoring/racing/race.js";
import type { RaceRules } from "#shared/scoring/racing/rules.js";
import type { LossMeter } from "./loss-meter.js";

export interface UpdateRaceOptions<T> {
  /** The whole model that the updates were trained from. */
  readonly model: Parameters;
  readonly group: ExpertGroup;
  /** Of that group. */
  readonly updates: readonly T[];
  /** As many as `rules.batches`, in the evaluation seed's order. */
  readonly batches: readonly Batch[];
  readonly rules: RaceRules;
}

/** An update whose tensors are in memory while it is measured, and no longer. */
export interface RacedUpdate {
  /** Null where it cannot be read: it is abstained on. */
  load(): Promise<FloatTensors | null>;
}

/** The race of a group's updates: the model's own losses once a batch, an update's while they can change something. */
export const updateRace = async <T extends RacedUpdate>(
  meter: Pick<LossMeter, "ofGroup">,
  { model, group, updates, batches, rules }: UpdateRaceOptions<T>,
): Promise<Race<T>> => {
  const { losses } = await meter.ofGroup(model, group);
  return {
    contenders: updates,
    rules,
    before: (from, to) => losses(null, batches.slice(from, to)),
    after: async ({ load }, from, to) => {
      // Blocks arrive between two measurements.
      await yieldToEvents();
      const update = await load();
      return update && losses(update, batches.slice(from, to));
    },
  };
};
