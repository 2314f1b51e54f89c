import type { Batch } from "#shared/data/loader.js";
import type { Device } from "#shared/engine/device.js";
import { expertsOf } from "#shared/model/groups.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import { groupShard, shardExperts } from "#shared/model/shard.js";
import { windowsOf } from "#shared/model/windows.js";
import type { Network } from "#shared/protocol/network.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";
import { batchTensors } from "#shared/training/inner-loop.js";
import { mean } from "#shared/util/mean.js";
import { createEvaluator } from "./evaluator.js";
import { referenceBatches } from "./reference-text.js";

type Measured = Pick<Network, "name" | "model" | "groups" | "data" | "scoring">;

/** Losses on a group's reference text, nats per token. */
export interface ShardLoss {
  readonly group: string;
  readonly whole: number;
  /** Loss with the file's mode. */
  readonly shard: number;
  /** Losses with the available other modes, by name, if the loss with the file's mode differs by more than the margin. */
  readonly others: Readonly<Partial<Record<Shard["mode"], number>>>;
}

/**
 * Compares what each group's miners compute with what validators compute: the loss of the group's shard and that of the whole model, on the
 * group's reference text.
 *
 * @param margin nats; if the two losses differ by more, other modes are measured too
 */
export const shardLosses = async (
  device: Device,
  network: Measured,
  parameters: Parameters,
  { margin, signal }: { readonly margin: number; readonly signal: AbortSignal },
): Promise<readonly ShardLoss[]> => {
  const result: ShardLoss[] = [];
  for (const group of Object.keys(network.groups)) {
    const batches = referenceBatches(network, group);
    const of = async (shard: Shard): Promise<number> => {
      signal.throwIfAborted();
      return lossOf(device, { ...network, model: { ...network.model, shard } }, { group, parameters, batches });
    };
    const whole = await of({ mode: "full" });
    const own = network.model.shard ?? ({ mode: "restricted" } as const);
    // A full shard computes the same as the whole model.
    const shard = own.mode === "full" ? whole : await of(own);
    const differs = !(Math.abs(shard - whole) <= margin);
    result.push({ group, whole, shard, others: differs ? await othersThan(own, network, whole, of) : {} });
  }
  return result;
};

const othersThan = async (
  own: Shard,
  network: Pick<Network, "model" | "groups">,
  whole: number,
  of: (shard: Shard) => Promise<number>,
): Promise<ShardLoss["others"]> => {
  const anchors = ownerless(network);
  return {
    ...(own.mode !== "restricted" && { restricted: await of({ mode: "restricted" }) }),
    ...(own.mode !== "anchored" && anchors && { anchored: await of({ mode: "anchored", anchors }) }),
    full: whole,
  };
};

/** All experts that no group owns, as anchors. Null if a layer has none. */
export const ownerless = ({ model, groups }: Pick<Network, "model" | "groups">): Record<string, number[]> | null => {
  const owned = Object.values(groups).map((group) => expertsOf(model, group));
  const free = allExperts(model).map((experts, layer) =>
    experts.filter((id) => !owned.some((layers) => layers[layer]!.includes(id))),
  );
  const sparse = allExperts(model).flatMap((experts, layer) => (experts.length > 0 ? [layer] : []));
  if (sparse.some((layer) => free[layer]!.length === 0)) return null;
  return Object.fromEntries(sparse.map((layer) => [String(layer), free[layer]!]));
};

const lossOf = async (
  device: Device,
  network: Measured,
  { group, parameters, batches }: { group: string; parameters: Parameters; batches: readonly Batch[] },
): Promise<number> => {
  const { scoring, data, model } = network;
  const shape = {
    config: model,
    held: shardExperts(network, group),
    ...windowsOf(data, scoring.eval_batch_size),
  };
  const evaluator = await createEvaluator({
    device,
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: groupShard(network, group, parameters, {}),
  });
  try {
    const losses: number[] = [];
    for (const batch of batches) losses.push((await evaluator.evaluate({}, batchTensors(batch))).loss);
    return mean(losses);
  } finally {
    await evaluator.dispose();
  }
};
