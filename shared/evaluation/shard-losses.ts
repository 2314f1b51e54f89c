import { bitsPerByte } from "#shared/data/bits-per-byte.js";
import type { Batch } from "#shared/data/loader.js";
import type { Device } from "#shared/engine/device.js";
import { expertsOf } from "#shared/model/groups.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { allExperts } from "#shared/model/parameters.js";
import { shardExperts, shardTensors } from "#shared/model/shard.js";
import { sha256 } from "#shared/protocol/hash.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import type { Network } from "#shared/protocol/network.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";
import { mean } from "#shared/util/mean.js";
import { createLayerMeter, type LayerMeterOptions } from "./layers/layer-meter.js";
import { referenceBatches } from "./reference-text.js";

type Measured = Pick<Network, "name" | "model" | "groups" | "data" | "scoring">;

/** Losses on a group's reference text, nats per token. */
export interface ShardLoss {
  readonly group: string;
  readonly whole: number;
  /** Of the whole model. */
  readonly bitsPerByte: number;
  /** Loss with the file's mode. */
  readonly shard: number;
  /** Losses with the available other modes, by name, if the loss with the file's mode differs by more than the margin. */
  readonly others: Readonly<Partial<Record<Shard["mode"], number>>>;
}

/** Where a measurement is. */
export interface ShardLossProgress {
  readonly group: string;
  /** What is measured: `full` is the whole model. */
  readonly mode: Shard["mode"];
  /** Layers that the group's text has passed, of so many. */
  readonly layer: number;
  readonly layers: number;
  /** Of all that is known to be measured, 0–1. */
  readonly share: number;
}

export interface ShardLossOptions extends Pick<LayerMeterOptions, "memory" | "folder"> {
  /** Nats; if the two losses differ by more, other modes are measured too. */
  readonly margin: number;
  /** Ends the measurement between two runs of a layer, with its reason. */
  readonly signal: AbortSignal;
  readonly onLayer?: (at: ShardLossProgress) => void;
  /** Gives losses by all that they depend on beside the model's weights, which `measure` measures. */
  readonly remember?: (of: string, measure: () => Promise<readonly number[]>) => Promise<readonly number[]>;
}

/**
 * Compares what each group's miners compute with what validators compute: the loss of the group's shard and that of the whole model, on the group's
 * reference text, one group after the other. Both are measured layer by layer, so that no more than a layer of a model in files is in use at a time.
 *
 * @throws what reading the model's files throws
 */
export async function* shardLosses(
  device: Device,
  network: Measured,
  model: ModelTensors,
  { margin, onLayer, remember = (_, measure) => measure(), ...options }: ShardLossOptions,
): AsyncGenerator<ShardLoss> {
  const own = network.model.shard ?? ({ mode: "restricted" } as const);
  const groups = Object.keys(network.groups);
  const layers = network.model.num_hidden_layers;
  let passes = groups.length * (own.mode === "full" ? 1 : 2);
  let passed = 0;
  for (const group of groups) {
    const batches = referenceBatches(network, group);
    const lossesOf = async (shard: Shard): Promise<readonly number[]> => {
      const { mode } = shard;
      const of = withShard(network, shard);
      const losses = await remember(identityOf(of, group, batches), () =>
        shardBatchLosses(device, of, model, {
          ...options,
          group,
          batches,
          onLayer: (layer) => onLayer?.({ group, mode, layer, layers, share: (passed + layer / layers) / passes }),
        }),
      );
      passed++;
      return losses;
    };
    const ofWhole = await lossesOf({ mode: "full" });
    const whole = mean(ofWhole);
    // A full shard computes the same as the whole model.
    const shard = own.mode === "full" ? whole : mean(await lossesOf(own));
    const others: Partial<Record<Shard["mode"], number>> = {};
    if (Number.isFinite(whole) && !(Math.abs(shard - whole) <= margin)) {
      const modes = othersThan(own, network);
      passes += modes.length;
      for (const other of modes) others[other.mode] = mean(await lossesOf(other));
      others.full = whole;
    }
    yield { group, whole, bitsPerByte: bitsPerByte(ofWhole, batches), shard, others };
  }
}

/** Modes that the network could have beside its own and `full`. */
const othersThan = (own: Shard, network: Pick<Network, "model" | "groups">): readonly Shard[] => {
  const anchors = ownerless(network);
  return [
    ...(own.mode !== "restricted" ? [{ mode: "restricted" } as const] : []),
    ...(own.mode !== "anchored" && anchors ? [{ mode: "anchored", anchors } as const] : []),
  ];
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

const withShard = (network: Measured, shard: Shard): Measured => ({ ...network, model: { ...network.model, shard } });

/** Hash of all that a shard's losses depend on beside the model's weights: what it holds, and its text as it is joined for runs. */
const identityOf = (network: Measured, group: string, batches: readonly Batch[]): string => {
  const { model, data, scoring } = network;
  const { shard: _, ...config } = model;
  return hashJson({
    config,
    held: shardExperts(network, group),
    sequences: data.sequences ?? null,
    sequence: data.sequence_length,
    batchSize: scoring.eval_batch_size,
    text: batches.map(({ ids, targets, starts }) => sha256(bytesOf(ids), bytesOf(targets), bytesOf(starts))),
  });
};

const bytesOf = (ids: BigInt64Array | undefined): Uint8Array =>
  ids === undefined ? new Uint8Array() : new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);

export interface ShardBatches extends Pick<LayerMeterOptions, "memory" | "folder" | "signal" | "onLayer"> {
  readonly group: string;
  readonly batches: readonly Batch[];
}

/** Mean loss of each batch of what a group's miners compute with, nats per token, layer by layer. @throws what reading the model's files throws */
export const shardBatchLosses = async (
  device: Device,
  network: Measured,
  model: ModelTensors,
  { group, batches, ...options }: ShardBatches,
): Promise<readonly number[]> => {
  const held = shardExperts(network, group);
  const batchSize = network.scoring.eval_batch_size;
  const meter = createLayerMeter(device, network, { ...options, batchSize, held });
  try {
    return await meter.losses(await shardTensors(model, held), batches);
  } finally {
    await meter.dispose();
  }
};
