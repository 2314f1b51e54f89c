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
  /** Updates of that group. */
  readonly updates: readonly T[];
  /** As many as `rules.batches`, in the evaluation seed's order. */
  readonly batches: readonly Batch[];
  readonly rules: RaceRules;
}

/** An update whose tensors are in memory only while it is measured. */
export interface RacedUpdate {
  /** Null if it cannot be read: then the validator abstains on it. */
  load(): Promise<FloatTensors | null>;
}

/**
 * The race of a group's updates. The losses of the model itself are measured once per batch. The losses of an update are measured as long
 * as they can change the result.
 */
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
      // Lets new blocks arrive between two measurements.
      await yieldToEvents();
      const update = await load();
      return update && losses(update, batches.slice(from, to));
    },
  };
};
