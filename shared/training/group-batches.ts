import { groupTrainingLoader } from "#datasets/group-data.js";
import { joinBatches } from "#shared/data/join-batches.js";
import { type IntTensor, intTensor } from "#shared/engine/tensor.js";
import { expertsOf } from "#shared/model/groups.js";
import type { Network } from "#shared/protocol/network.js";
import { batchTensors } from "./inner-loop.js";

/** Tokens of all groups' documents at once: ids, targets, where isolated documents begin, and the group's number of each, int64 [N]. */
export interface GroupBatch {
  readonly ids: IntTensor;
  readonly targets: IntTensor;
  readonly starts?: IntTensor;
  readonly group: IntTensor;
}

/** Training batches with that many sequences of each group, one group after the other, in the order of the network file. */
export const groupBatches = (
  network: Pick<Network, "groups" | "data">,
  { batchSize, seed }: { readonly batchSize: number; readonly seed: string },
): (() => GroupBatch) => {
  const names = Object.keys(network.groups);
  const loaders = names.map((name) => groupTrainingLoader(network, name, { batchSize, seed: `${seed}/${name}` }));
  const tokens = names.length * batchSize * network.data.sequence_length;
  const group = intTensor(
    BigInt64Array.from({ length: tokens }, (_, i) => BigInt(Math.floor((i * names.length) / tokens))),
    [tokens],
  );
  return () => ({ ...batchTensors(joinBatches(loaders.map((loader) => loader.next()))), group });
};

/** For each layer, [groups, experts]: 1 where the group owns the expert. */
export const ownership = ({ model, groups }: Pick<Network, "model" | "groups">): Float32Array[] => {
  const held = Object.values(groups).map((group) => expertsOf(model, group));
  return Array.from({ length: model.num_hidden_layers }, (_, layer) => {
    const table = new Float32Array(held.length * model.num_experts);
    for (const [row, layers] of held.entries())
      for (const expert of layers[layer]!) table[row * model.num_experts + expert] = 1;
    return table;
  });
};
