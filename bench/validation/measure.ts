import { createRandom } from "#shared/data/random.js";
import type { Device } from "#shared/engine/device.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { createLossMeter, evaluationBatches } from "#shared/evaluation/loss-meter.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { openNursery } from "../nursery.js";
import type { RecordedGroup, RecordedUpdate } from "./recording.js";

export interface MeasureOptions {
  readonly groups: readonly string[];
  /** Inner steps behind the base model. */
  readonly pretraining: number;
  /** Inner steps of each honest miner. */
  readonly honest: readonly number[];
  /** Of the evaluation that races are compared with: how many, and windows in each. */
  readonly batches: number;
  readonly batchSize: number;
}

export interface Measured {
  readonly network: Network;
  readonly base: Parameters;
  readonly groups: readonly RecordedGroup[];
  /** The same updates on twice as many batches as the network evaluates, of the network's size. */
  readonly own: readonly RecordedGroup[];
  /** The first honest miner's of each group. */
  readonly updates: Readonly<Record<string, Parameters>>;
}

/** Noise of this share of an honest update's norm. */
const NOISE = [1, 0.5, 0.1, 0.02];
const LAZY = 2;

/** Trains miners as the localnet's do, adds lazy, noisy and sign-flipped ones, and measures all of them as a validator would. */
export const measure = async (options: MeasureOptions): Promise<Measured> => {
  const { groups, pretraining, honest, batches, batchSize } = options;
  const device = onnxCpu({ threads: 2 });
  const { base, network, train } = await openNursery(device, { steps: pretraining });
  const { eval_batches, eval_batch_size } = network.scoring;
  const sizes = [
    { batches, batchSize, recorded: [] as RecordedGroup[] },
    { batches: 2 * eval_batches, batchSize: eval_batch_size, recorded: [] as RecordedGroup[] },
  ] as const;
  const updates: Record<string, Parameters> = {};
  for (const group of groups) {
    const made: Made[] = [];
    for (const [i, steps] of honest.entries())
      made.push({ kind: "honest", steps, update: await train(group, `miner ${i}`, { steps }) });
    for (let i = 0; i < LAZY; i++)
      made.push({ kind: "lazy", steps: 1, update: await train(group, `lazy ${i}`, { steps: 1 }) });
    const { steps, update: first } = made[0]!;
    updates[group] = first;
    for (const [i, share] of NOISE.entries())
      made.push({ kind: "noise", steps, update: noiseLike(first, share, `noise ${group} ${i}`) });
    made.push({ kind: "flipped", steps, update: mapped(first, (value) => -value) });
    for (const { recorded, ...size } of sizes)
      recorded.push({ group, pretraining, updates: await differences(device, network, base, group, made, size) });
  }
  return { network, base, groups: sizes[0].recorded, own: sizes[1].recorded, updates };
};

interface Made extends Pick<RecordedUpdate, "kind" | "steps"> {
  readonly update: Parameters;
}

const differences = async (
  device: Device,
  network: Network,
  base: Parameters,
  group: string,
  made: readonly Made[],
  { batches, batchSize }: { readonly batches: number; readonly batchSize: number },
): Promise<RecordedUpdate[]> => {
  const scoring = { ...network.scoring, eval_batches: batches, eval_batch_size: batchSize };
  const drawn = evaluationBatches({ ...network, scoring }, group, "7".repeat(64), null);
  const meter = await createLossMeter(device, network, { batchSize, parameters: base });
  const { losses } = await meter.ofGroup(base, network.groups[group]!);
  const before = await losses(null, drawn);
  const recorded: RecordedUpdate[] = [];
  for (const { kind, steps, update } of made) {
    const after = await losses(new Map(Object.entries(update)), drawn);
    recorded.push({ kind, steps, differences: before.map((loss, batch) => loss - after[batch]!) });
  }
  await meter.dispose();
  return recorded;
};

/** Uniform noise with `share` of an update's norm, tensor by tensor. */
export const noiseLike = (update: Parameters, share: number, seed: string): Parameters => {
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
