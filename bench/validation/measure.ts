import { createRandom } from "#shared/data/random.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { createLossMeter, evaluationBatches, withUpdate } from "#shared/training/loss-meter.js";
import { openNursery } from "../nursery.js";
import type { RecordedGroup, RecordedUpdate } from "./recording.js";

export interface MeasureOptions {
  readonly groups: readonly string[];
  /** Inner steps behind the base model. */
  readonly pretraining: number;
  /** Inner steps of each honest miner. */
  readonly honest: readonly number[];
  readonly batches: number;
}

export interface Measured {
  readonly network: Network;
  readonly groups: readonly RecordedGroup[];
  readonly seconds: Seconds;
}

/** Mean seconds: a batch of an evaluation, applying an update to the model, an inner step of a miner. */
export interface Seconds {
  readonly batch: number;
  readonly update: number;
  readonly step: number;
}

/** Noise of this share of an honest update's norm. */
const NOISE = [1, 0.5, 0.1, 0.02];
const LAZY = 2;

/** Trains miners as the localnet's do, adds lazy, noisy and sign-flipped ones, and measures all of them as a validator would. */
export const measure = async ({ groups, pretraining, honest, batches }: MeasureOptions): Promise<Measured> => {
  const device = onnxCpu({ threads: 2 });
  const { base, network, train } = await openNursery(device, { steps: pretraining });
  const meter = await createLossMeter(device, network, {
    batchSize: network.scoring.eval_batch_size,
    parameters: base,
  });
  const clocks = { batch: stopwatch(), update: stopwatch(), step: stopwatch() };
  const recorded: RecordedGroup[] = [];
  for (const group of groups) {
    const sized = { ...network, scoring: { ...network.scoring, eval_batches: batches } };
    const drawn = evaluationBatches(sized, group, "7".repeat(64));
    const losses = (model: Parameters) => clocks.batch.time(batches, () => meter.losses(model, drawn));
    const before = await losses(base);
    const updates: RecordedUpdate[] = [];
    const add = async (kind: RecordedUpdate["kind"], steps: number, update: Parameters) => {
      const model = await clocks.update.time(1, async () => withUpdate(base, new Map(Object.entries(update))));
      const after = await losses(model);
      updates.push({ kind, steps, differences: before.map((loss, batch) => loss - after[batch]!) });
    };
    const trained: Parameters[] = [];
    for (const [i, steps] of honest.entries()) {
      const update = await clocks.step.time(steps, () => train(group, `miner ${i}`, { steps }));
      trained.push(update);
      await add("honest", steps, update);
    }
    for (let i = 0; i < LAZY; i++) await add("lazy", 1, await train(group, `lazy ${i}`, { steps: 1 }));
    for (const [i, share] of NOISE.entries())
      await add("noise", honest[0]!, noiseLike(trained[0]!, share, `noise ${group} ${i}`));
    await add(
      "flipped",
      honest[0]!,
      mapped(trained[0]!, (value) => -value),
    );
    recorded.push({ group, pretraining, updates });
  }
  await meter.dispose();
  const seconds = { batch: clocks.batch.mean(), update: clocks.update.mean(), step: clocks.step.mean() };
  return { network, groups: recorded, seconds };
};

/** Uniform noise with `share` of an update's norm, tensor by tensor. */
const noiseLike = (update: Parameters, share: number, seed: string): Parameters => {
  const random = createRandom(seed);
  return Object.fromEntries(
    Object.entries(update).map(([name, tensor]) => {
      const deviation = Math.sqrt(tensor.data.reduce((sum, value) => sum + value * value, 0) / tensor.data.length);
      const width = share * deviation * Math.sqrt(12);
      return [name, { ...tensor, data: tensor.data.map(() => width * (random.next() - 0.5)) }];
    }),
  );
};

const mapped = (update: Parameters, f: (value: number) => number): Parameters =>
  Object.fromEntries(Object.entries(update).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.map(f) }]));

const stopwatch = () => {
  let seconds = 0;
  let units = 0;
  return {
    async time<T>(count: number, work: () => Promise<T>): Promise<T> {
      const begin = performance.now();
      const result = await work();
      seconds += (performance.now() - begin) / 1000;
      units += count;
      return result;
    },
    mean: () => seconds / units,
  };
};
