import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import type { ExpertGroup } from "#shared/protocol/expert-group.js";
import type { Race } from "#shared/scoring/racing/race.js";
import type { RaceRules } from "#shared/scoring/racing/rules.js";
import type { OpenChange } from "./change.js";
import type { LossMeter } from "./loss-meter.js";
import { onePass } from "./one-pass.js";

export interface UpdateRaceOptions<T> {
  /** The whole model that the updates were trained from. */
  readonly model: ModelTensors;
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
  /** The same with its tensors read one by one, for a meter that measures several updates at once. Absent if they are in memory. Close it. */
  open?(): Promise<OpenChange | null>;
}

/**
 * The race of a group's updates. The losses of the model itself are measured once per batch. The losses of an update are measured as long
 * as they can change the result.
 */
export const updateRace = async <T extends RacedUpdate>(
  meter: Pick<LossMeter, "ofGroup">,
  { model, group, updates, batches, rules }: UpdateRaceOptions<T>,
): Promise<Race<T>> => {
  const { losses, lossesTogether } = await meter.ofGroup(model, group);
  if (lossesTogether) {
    const pass = onePass<T>(lossesTogether, batches, opening);
    return {
      contenders: updates,
      rules,
      before: async (from, to) => (await pass.losses(null, from, to)) ?? [],
      after: pass.losses,
      ahead: pass.ahead,
    };
  }
  return {
    contenders: updates,
    rules,
    before: (from, to) => losses(null, batches.slice(from, to)),
    after: async (raced, from, to) => {
      // Lets new blocks arrive between two measurements.
      await yieldToEvents();
      const update = await raced.load();
      return update && losses(update, batches.slice(from, to));
    },
  };
};

const opening = async <T extends RacedUpdate>(update: T): Promise<OpenChange | null> => {
  if (update.open) return update.open();
  const loaded = await update.load();
  return loaded && { read: async (name) => loaded.get(name)?.data ?? null, close: async () => {} };
};
