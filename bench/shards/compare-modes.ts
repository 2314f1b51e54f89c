import { tmpdir } from "node:os";
import type { Batch } from "#shared/data/loader.js";
import type { Device } from "#shared/engine/device.js";
import { withUpdate } from "#shared/evaluation/change.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import { ownChoices } from "#shared/evaluation/own-choices.js";
import { referenceBatches } from "#shared/evaluation/reference-text.js";
import { ownerless, shardLosses } from "#shared/evaluation/shard-losses.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";
import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import type { Base, Watch } from "./base.js";
import { type TrainedShard, trainShard } from "./train-shard.js";

/** A mean over batches, nats a token. */
export interface Estimate {
  readonly mean: number;
  readonly standardError: number;
}

/** What one miner's training of a group came to in one mode. Losses are of the group's reference text, nats a token. */
export interface Figure extends Omit<TrainedShard, "update"> {
  readonly routers: string;
  readonly group: string;
  readonly mode: Shard["mode"];
  /** Share of the router's choices on the group's text that fall on its own experts before the training, 0–1. */
  readonly ownChoices: number;
  /** Loss before the training, of the whole model and of the mode's shard. */
  readonly whole: number;
  readonly shard: number;
  /** Fall of the whole model's loss by the training. */
  readonly reduction: Estimate;
  /** That less the fall by the same training in mode `full`. */
  readonly againstFull: Estimate;
}

/** Trains one miner's shard of each group in each mode, from the same weights on the same text. Gives each figure when it has it. */
export async function* compareModes(device: Device, base: Base, watch: Watch): AsyncGenerator<Figure> {
  const { network, parameters, routers } = base;
  const own = await ownChoices(device, network, parameters);
  const before = shardLosses(device, withShard(network, { mode: "restricted" }), parameters, {
    // No difference is below it, so that each mode is measured.
    margin: Number.NEGATIVE_INFINITY,
    memory: Number.POSITIVE_INFINITY,
    folder: tmpdir(),
    signal: watch.signal,
  });
  for await (const { group, whole, shard: restricted, others } of before) {
    const shards: Readonly<Partial<Record<Shard["mode"], number>>> = { restricted, ...others };
    const batches = referenceBatches(network, group);
    const start = await wholeLosses(device, network, parameters, batches);
    let full: readonly number[] | undefined;
    for (const mode of modesOf(network)) {
      const given = { ...base, network: withShard(network, mode) };
      const { losses, ...cost } = await trainedIn(device, given, { group, batches, watch });
      full ??= losses;
      yield {
        ...{ routers, group, mode: mode.mode, ownChoices: own[group]!, whole, shard: shards[mode.mode]!, ...cost },
        reduction: fallOf(start, losses),
        againstFull: fallOf(full, losses),
      };
    }
  }
}

interface Trained extends Omit<TrainedShard, "update"> {
  /** Of the whole model with the update, a batch each. */
  readonly losses: readonly number[];
}

/** By itself, so that nothing holds an update once it is measured. */
const trainedIn = async (
  device: Device,
  base: Base,
  { group, batches, watch }: { readonly group: string; readonly batches: readonly Batch[]; readonly watch: Watch },
): Promise<Trained> => {
  const { network, parameters } = base;
  const { update, ...cost } = await trainShard(device, base, group, watch);
  const changed = withUpdate(parameters, new Map(Object.entries(update)));
  return { losses: await wholeLosses(device, network, changed, batches), ...cost };
};

/** All modes that the network can have, `full` first; `anchored` with every expert that no group owns. */
const modesOf = (network: Network): readonly Shard[] => {
  const anchors = ownerless(network);
  return [{ mode: "full" }, { mode: "restricted" }, ...(anchors ? [{ mode: "anchored", anchors } as const] : [])];
};

const withShard = (network: Network, shard: Shard): Network => ({ ...network, model: { ...network.model, shard } });

/** A batch each. The meter goes with its memory, which trainings need. */
const wholeLosses = async (
  device: Device,
  network: Network,
  parameters: Parameters,
  batches: readonly Batch[],
): Promise<readonly number[]> => {
  const meter = await createLossMeter(device, network, { batchSize: network.scoring.eval_batch_size, parameters });
  return meter.losses(parameters, batches).finally(() => meter.dispose());
};

/** How far losses of the same batches fell from the first to the second. */
const fallOf = (from: readonly number[], to: readonly number[]): Estimate => {
  const { mean, deviation } = spreadOf(from.map((loss, batch) => loss - to[batch]!));
  return { mean, standardError: deviation / Math.sqrt(from.length) };
};
