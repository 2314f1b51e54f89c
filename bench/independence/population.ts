import { TRAINING } from "#localnet/training.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { withUpdate } from "#shared/evaluation/change.js";
import { createLossMeter, evaluationBatches } from "#shared/evaluation/loss-meter.js";
import type { Parameters } from "#shared/model/parameters.js";
import { mean } from "#shared/util/mean.js";
import { openNursery } from "../nursery.js";

/** Honest trainings of one group on one base. */
export interface Population {
  readonly miners: readonly Trained[];
  /** All elements of a validator's own, trained as an equal miner does on draws of its own. */
  readonly witnesses: readonly Float32Array[];
}

/** An honest miner's update. */
export interface Trained {
  readonly name: string;
  /** Steps and learning rate, each relative to the localnet's. */
  readonly steps: number;
  readonly rate: number;
  /** All elements, tensors in the order of their names. */
  readonly elements: Float32Array;
  /** Loss reduction on held-out text, nats per token. */
  readonly gain: number;
}

const EQUALS = 8;
/** Miners of other sizes: steps and learning rates. */
const OTHERS = [
  [0.5, 1],
  [0.5, 1],
  [2, 1],
  [2, 1],
  [1, 1 / 3],
  [1, 3],
] as const;
const WITNESSES = 2;
const BATCHES = 128;

/** Trains a group's miners and witnesses, and measures the miners as validators do, but on all batches. */
export const trainPopulation = async (group: string, pretraining: number): Promise<Population> => {
  const device = onnxCpu({ threads: 2 });
  const { base, network, train } = await openNursery(device, { steps: pretraining });
  const batchSize = network.scoring.eval_batch_size;
  const meter = await createLossMeter(device, network, { batchSize, parameters: base });
  const sized = { ...network, scoring: { ...network.scoring, eval_batches: BATCHES } };
  const drawn = evaluationBatches(sized, group, "5".repeat(64), null);
  const before = mean(await meter.losses(base, drawn));
  const miners: Trained[] = [];
  const sizes = [...Array.from({ length: EQUALS }, () => [1, 1] as const), ...OTHERS];
  for (const [i, [steps, rate]] of sizes.entries()) {
    const name = `miner ${i}`;
    const training = {
      max_steps: Math.round(steps * TRAINING.max_steps),
      learning_rate: rate * TRAINING.learning_rate,
    };
    const update = await train(group, name, { training });
    const after = mean(await meter.losses(withUpdate(base, new Map(Object.entries(update))), drawn));
    miners.push({ name, steps, rate, elements: elementsOf(update), gain: before - after });
  }
  await meter.dispose();
  const witnesses: Float32Array[] = [];
  for (let i = 0; i < WITNESSES; i++) witnesses.push(elementsOf(await train(group, `witness ${i}`)));
  return { miners, witnesses };
};

const elementsOf = (update: Parameters): Float32Array =>
  Float32Array.from(Object.values(update).flatMap(({ data }) => [...data]));
