import { groupHeldOutBatches } from "#datasets/group-data.js";
import { bitsPerByte } from "#shared/data/bits-per-byte.js";
import type { Batch } from "#shared/data/loader.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import type { Network } from "#shared/protocol/network.js";
import { mean } from "#shared/util/mean.js";
import type { LossMeter } from "./loss-meter.js";

/** Version of the rule that draws the reference text. Losses are comparable only under the same version and the same network file. */
export const REFERENCE_VERSION = 1;

const SEED = "0".repeat(64);
const BATCHES = 16;

/**
 * A group's reference text: always the same batches of the held-out part of its own documents, whether its text is sealed or not, so that
 * losses are comparable from cycle to cycle. It decides nothing. Evaluation draws from the same documents, so it may draw the same batches.
 */
export const referenceBatches = (
  network: Pick<Network, "groups" | "data" | "scoring">,
  group: string,
): readonly Batch[] =>
  groupHeldOutBatches(network, group, { batches: BATCHES, batchSize: network.scoring.eval_batch_size, seed: SEED });

/** A loss on a group's reference text. */
export interface HeldOutLoss {
  /** Mean of its batches, nats per token. */
  readonly loss: number;
  /** By batch. */
  readonly losses: readonly number[];
  readonly bitsPerByte: number;
}

/** A whole model's loss on a group's reference text. */
export const heldOutLoss = async (
  meter: Pick<LossMeter, "losses">,
  model: ModelTensors,
  batches: readonly Batch[],
): Promise<HeldOutLoss> => {
  const losses = await meter.losses(model, batches);
  return { loss: mean(losses), losses, bitsPerByte: bitsPerByte(losses, batches) };
};

/** A whole model's loss on each group's reference text. @param signal ends it before the next group, with its reason */
export const heldOutLosses = async (
  meter: Pick<LossMeter, "losses">,
  network: Pick<Network, "groups" | "data" | "scoring">,
  model: ModelTensors,
  signal?: AbortSignal,
): Promise<Record<string, HeldOutLoss>> => {
  const result: Record<string, HeldOutLoss> = {};
  for (const group of Object.keys(network.groups)) {
    signal?.throwIfAborted();
    result[group] = await heldOutLoss(meter, model, referenceBatches(network, group));
  }
  return result;
};
