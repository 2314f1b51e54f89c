import type { FloatTensors } from "#shared/artifact/update.js";
import { groupHeldOutBatches } from "#shared/data/group-data.js";
import type { Batch } from "#shared/data/loader.js";
import type { Device } from "#shared/engine/device.js";
import { mean } from "#shared/mean.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { createEvaluator } from "./evaluator.js";
import { batchTensors } from "./inner-loop.js";

/** Measures the whole model's loss on a group's held-out text. */
export interface LossMeter {
  /** Mean loss of each batch, nats per token, in the batches' order. */
  losses(parameters: Parameters, batches: readonly Batch[]): Promise<number[]>;
  dispose(): Promise<void>;
}

/** Compiles the forward pass once; models and updates are fed to it. */
export const createLossMeter = async (
  device: Device,
  { model, data }: Pick<Network, "model" | "data">,
  { batchSize, parameters }: { batchSize: number; parameters: Parameters },
): Promise<LossMeter> => {
  const shape = {
    config: model,
    held: allExperts(model),
    batchSize,
    sequenceLength: data.sequence_length,
  };
  const evaluator = await createEvaluator({
    device,
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: parameters,
  });
  return {
    async losses(override, batches) {
      const losses: number[] = [];
      for (const batch of batches) losses.push((await evaluator.evaluate(override, batchTensors(batch))).loss);
      return losses;
    },
    dispose: () => evaluator.dispose(),
  };
};

/** Φ + Δ for the tensors of an update. */
export const withUpdate = (base: Parameters, update: FloatTensors): Parameters => {
  const changed: Record<string, Parameters[string]> = { ...base };
  for (const [name, { data }] of update) {
    const before = base[name]!;
    changed[name] = { ...before, data: before.data.map((weight, i) => weight + data[i]!) };
  }
  return changed;
};

/** The evaluation batches of a cycle's seed. */
export const evaluationBatches = (network: Network, group: string, seed: string): readonly Batch[] =>
  groupHeldOutBatches(network, group, {
    batches: network.scoring.eval_batches,
    batchSize: network.scoring.eval_batch_size,
    seed,
  });

/** Batches behind a held-out loss that is shown to people; always the same ones, so that models compare. */
const SHOWN_BATCHES = 16;
const SHOWN_SEED = "0".repeat(64);

/** A whole model's mean held-out loss by group, nats per token. */
export const heldOutLosses = async (
  meter: LossMeter,
  network: Pick<Network, "groups" | "data" | "scoring">,
  parameters: Parameters,
): Promise<Record<string, number>> => {
  const result: Record<string, number> = {};
  for (const group of Object.keys(network.groups)) {
    const batchSize = network.scoring.eval_batch_size;
    const batches = groupHeldOutBatches(network, group, { batches: SHOWN_BATCHES, batchSize, seed: SHOWN_SEED });
    const losses = await meter.losses(parameters, batches);
    result[group] = mean(losses);
  }
  return result;
};
