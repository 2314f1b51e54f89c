import { frozenInMemory } from "#shared/training/frozen-source.js";
import { WITNESSES, type Witnesses } from "#validator/witness/witnesses.js";
import type { BaseView } from "../attack.js";
import type { Gym } from "./gym.js";

export interface GymWitnessesOptions {
  /** Of all that the validator draws. */
  readonly seed: string;
  /** Of which it has witnesses: where one miner is alone, they would change nothing. */
  readonly group: string;
  /** The model of the cycle under way. */
  readonly base: () => BaseView;
}

/** A validator's own trainings, as the program's are: on text of its own, with AdamW's moments at zero. They are made when they are asked for. */
export const gymWitnesses = (gym: Gym, { seed, group, base }: GymWitnessesOptions): Witnesses => ({
  train: async () => {},
  async open(_, place) {
    const from = base();
    if (place.group !== group || place.model !== from.hash) return [];
    const opened = [];
    for (let index = 0; index < WITNESSES; index++) {
      const { update } = await gym.train({ base: from, group, stream: `${seed}/witness ${index}/${place.cycle}` });
      opened.push({ ...frozenInMemory(update), close: async () => {} });
    }
    return opened;
  },
});
