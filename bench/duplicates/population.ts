import { CODECS } from "#shared/artifact/codec/index.js";
import { mean } from "#shared/mean.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { CodecName } from "#shared/protocol/network.js";
import { withUpdate } from "#shared/training/loss-meter.js";
import type { Nursery } from "../nursery.js";
import { type Coding, codingOf } from "./coding.js";
import type { Elements } from "./disguises.js";

/** What a group's honest miners made of a cycle, one entry a miner. */
export interface Submitted {
  /** What was trained, and carried from the cycles before. */
  readonly uncoded: readonly Elements[];
  readonly revealed: readonly Elements[];
  /** What was revealed in the cycles before, the oldest first. */
  readonly earlier: readonly (readonly Elements[])[];
  readonly coding: Coding;
}

/**
 * Honest miners of one group, cycle after cycle: each trains, what its codec leaves out it carries on, and the mean of what was revealed
 * moves the model on.
 *
 * @returns the last cycle's
 */
export const liveThrough = async (
  { base, train }: Nursery,
  options: {
    readonly group: string;
    readonly miners: number;
    readonly cycles: number;
    readonly codec: CodecName;
  },
): Promise<Submitted> => {
  const { group, miners, cycles, codec } = options;
  let from = base;
  let carried: readonly Elements[] = [];
  const earlier: (readonly Elements[])[] = [];
  for (let cycle = 1; ; cycle++) {
    const updates: Parameters[] = [];
    for (let i = 0; i < miners; i++) updates.push(await train(group, `miner ${i}`, { from, cycle }));
    const shapes = updates[0]!;
    const coding = codingOf(
      codec,
      Object.values(shapes).map(({ data }) => data.length),
    );
    const uncoded = updates.map((update, i) => {
      const left = carried[i];
      return left ? joined(update).map((value, at) => value + left[at]!) : joined(update);
    });
    const revealed = uncoded.map(coding);
    if (cycle === cycles) return { uncoded, revealed, earlier, coding };
    earlier.push(revealed);
    if (CODECS[codec].feedback)
      carried = uncoded.map((update, i) => update.map((value, at) => value - revealed[i]![at]!));
    const common = revealed[0]!.map((_, at) => mean(revealed.map((update) => update[at]!)));
    from = withUpdate(from, new Map(Object.entries(separated(common, shapes))));
  }
};

const joined = (tensors: Parameters): Elements => {
  const all = Object.values(tensors).map(({ data }) => data);
  const elements = new Float32Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const data of all) {
    elements.set(data, at);
    at += data.length;
  }
  return elements;
};

const separated = (elements: Elements, like: Parameters): Parameters => {
  let at = 0;
  return Object.fromEntries(
    Object.entries(like).map(([name, tensor]) => {
      const data = elements.slice(at, at + tensor.data.length);
      at += data.length;
      return [name, { ...tensor, data }];
    }),
  );
};
