import { TRAINING } from "#localnet/training.js";
import { normal } from "#shared/data/normal.js";
import { createRandom, type Random } from "#shared/data/random.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { withUpdate } from "#shared/evaluation/change.js";
import { createLossMeter, evaluationBatches } from "#shared/evaluation/loss-meter.js";
import type { Parameters } from "#shared/model/parameters.js";
import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { mean } from "#shared/util/mean.js";
import { openNursery } from "../nursery.js";

/** What a miner submits under each of its hotkeys: a training for its share of the steps, or one training under noise. */
export type Way = "steps" | "noise";

/** What one of the parts takes off the loss, nats per token. */
export interface PartGain {
  readonly group: string;
  /** Inner steps behind the base model. */
  readonly pretraining: number;
  readonly way: Way;
  readonly parts: number;
  /** Mean paired difference, over batches and miners, at the learning rate that is best for it. */
  readonly mean: number;
  /** Standard deviation of one batch's. */
  readonly deviation: number;
}

export interface MeasureOptions {
  readonly groups: readonly string[];
  readonly pretraining: number;
  readonly parts: readonly number[];
  /** Miners that each figure is the mean of. */
  readonly miners: number;
  readonly batches: number;
}

type Gain = Pick<PartGain, "mean" | "deviation">;

/** Times the usual learning rate: who trains for fewer steps takes larger ones. */
const RATES = [1, 2, 4, 8];
/** Of the update's norm: more than a gate finds that looks for copies under half of it. */
const NOISE = 1;

export const measureParts = async (options: MeasureOptions): Promise<readonly PartGain[]> => {
  const { groups, pretraining, parts, miners, batches } = options;
  const device = onnxCpu({ threads: 2 });
  const { base, network, train } = await openNursery(device, { steps: pretraining });
  const batchSize = network.scoring.eval_batch_size;
  const meter = await createLossMeter(device, network, { batchSize, parameters: base });
  const gains: PartGain[] = [];
  for (const group of groups) {
    const sized = { ...network, scoring: { ...network.scoring, eval_batches: batches } };
    const drawn = evaluationBatches(sized, group, "5".repeat(64), null);
    const before = await meter.losses(base, drawn);
    const gainOf = async (updates: readonly Parameters[]): Promise<Gain> => {
      const spreads: Gain[] = [];
      for (const update of updates) {
        const after = await meter.losses(withUpdate(base, new Map(Object.entries(update))), drawn);
        spreads.push(spreadOf(before.map((loss, batch) => loss - after[batch]!)));
      }
      return { mean: mean(spreads.map((one) => one.mean)), deviation: mean(spreads.map((one) => one.deviation)) };
    };
    const add = (way: Way, count: number, found: readonly Gain[]) => {
      const best = found.reduce((a, b) => (b.mean > a.mean ? b : a));
      gains.push({ group, pretraining, way, parts: count, ...best });
    };

    let whole: readonly Parameters[] = [];
    for (const count of parts) {
      const found: Gain[] = [];
      for (const rate of RATES) {
        const training = {
          max_steps: Math.round(TRAINING.max_steps / count),
          learning_rate: rate * TRAINING.learning_rate,
        };
        const updates: Parameters[] = [];
        for (let miner = 0; miner < miners; miner++)
          updates.push(await train(group, `miner ${miner} of ${count}`, { training }));
        const gain = await gainOf(updates);
        if (count === 1 && found.every((other) => gain.mean > other.mean)) whole = updates;
        found.push(gain);
      }
      add("steps", count, found);
    }
    const random = createRandom(`splitting ${group}`);
    add("noise", 2, [await gainOf(whole.map((update) => noised(update, NOISE, random)))]);
  }
  await meter.dispose();
  return gains;
};

/** Adds noise of a share of each tensor's norm. */
const noised = (update: Parameters, share: number, random: Random): Parameters =>
  Object.fromEntries(
    Object.entries(update).map(([name, tensor]) => {
      const { data } = tensor;
      const deviation = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
      return [name, { ...tensor, data: data.map((value) => value + share * deviation * normal(random)) }];
    }),
  );
