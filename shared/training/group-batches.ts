import { groupTrainingLoader } from "#datasets/group-data.js";
import type { Batch } from "#shared/data/loader.js";
import { type IntTensor, intTensor } from "#shared/engine/tensor.js";
import { expertsOf } from "#shared/model/groups.js";
import type { Network } from "#shared/protocol/network.js";

/** Tokens of all groups' documents at once: ids, targets and the group's number of each, int64 [N]. */
export interface GroupBatch {
  readonly ids: IntTensor;
  readonly targets: IntTensor;
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
  return () => ({ ...concatenate(loaders.map((loader) => loader.next())), group });
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

const concatenate = (batches: readonly Batch[]) => {
  const join = (pick: (batch: Batch) => BigInt64Array) => {
    const parts = batches.map(pick);
    const all = new BigInt64Array(parts.reduce((total, part) => total + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return intTensor(all, [all.length]);
  };
  return { ids: join((batch) => batch.ids), targets: join((batch) => batch.targets) };
};
