import { normal } from "#shared/data/normal.js";
import type { Random } from "#shared/data/random.js";
import type { RecordedGroup } from "./recording.js";

/** Paired differences of one cycle in one expert group: for each miner those of the same batches. */
export type Field = readonly (readonly number[])[];

/** Draws the field of a cycle. */
export type DrawField = (random: Random, batches: number) => Field;

/** Some of the recorded miners, on some of the recorded batches in another order. */
export const recordedField =
  ({ updates }: RecordedGroup, miners: number): DrawField =>
  (random, batches) => {
    const order = shuffled(updates[0]!.differences.length, random).slice(0, batches);
    return shuffled(updates.length, random)
      .slice(0, miners)
      .map((at) => order.map((batch) => updates[at]!.differences[batch]!));
  };

export interface Population {
  readonly miners: number;
  /** Share of the miners that submit noise. */
  readonly noise: number;
  /** Ratio of the best to the worst honest miner's loss reduction, spread evenly on a logarithmic scale. */
  readonly skills: number;
}

/** Of the best miner's loss reduction, as recorded: how much batches differ for all, how much for each on its own, and for noise. */
const SPREAD = { shared: 0.25, own: 0.25, noise: 0.02 };

/** Normal differences, alike from batch to batch in proportion to what a miner reduces. */
export const simulatedField =
  ({ miners, noise, skills }: Population): DrawField =>
  (random, batches) => {
    const shared = Array.from({ length: batches }, () => 1 + SPREAD.shared * normal(random));
    return Array.from({ length: miners }, () => {
      const isNoise = random.next() < noise;
      const reduction = isNoise ? 0 : skills ** -random.next();
      const own = isNoise ? SPREAD.noise : SPREAD.own;
      return shared.map((factor) => reduction * factor + own * normal(random));
    });
  };

const shuffled = (length: number, random: Random): readonly number[] => {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  return order;
};
