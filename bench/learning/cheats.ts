import { type FloatTensors, l2Norm } from "#shared/artifact/update.js";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";

/** What every second miner submits in place of its training; the first one is honest. */
export const CHEATS = ["none", "noise", "sign-flip"] as const;
export type Cheat = (typeof CHEATS)[number];

/** @param miner from 0 on */
export const isHonest = (miner: number, cheat: Cheat): boolean => cheat === "none" || miner % 2 === 0;

/** Noise as long as the update, or its opposite. */
export const cheated = (update: FloatTensors, cheat: Exclude<Cheat, "none">, seed: string): FloatTensors => {
  const random = createRandom(seed);
  const elements = [...update.values()].reduce((sum, { data }) => sum + data.length, 0);
  const size = l2Norm(update.values()) / Math.sqrt(elements);
  const changed = (value: number): number => (cheat === "sign-flip" ? -value : size * normal(random));
  return new Map([...update].map(([name, { shape, data }]) => [name, { shape, data: data.map(changed) }]));
};
