import { groupTrainingLoader } from "#datasets/group-data.js";
import { TRAINING } from "#localnet/training.js";
import type { Batch } from "#shared/data/loader.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { createLossMeter, evaluationBatches } from "#shared/evaluation/loss-meter.js";
import type { Parameters } from "#shared/model/parameters.js";
import { cosineWithWarmup } from "#shared/training/schedule.js";
import { mean } from "#shared/util/mean.js";
import { openNursery } from "../nursery.js";
import { advantage, advantageBeside, type Reductions } from "./advantage.js";
import { openTrainer } from "./trainer.js";

/** Both statistics: of the update alone, and beside two trainings that were assigned neither text. */
export interface Told {
  readonly alone: number;
  readonly beside: number;
}

/** An honest training with a slice. */
export interface Honest extends Told {
  /** Share of the steps that are on the slice. */
  readonly share: number;
  /** Steps, relative to the localnet's. */
  readonly size: number;
  /** Loss reduction on held-out text, nats per token. */
  readonly gain: number;
}

/** A training without a slice, and so many steps on one after it at a rate relative to the localnet's; the loss reduction as above. */
export interface Cheat extends Told {
  readonly steps: number;
  readonly rate: number;
  readonly gain: number;
}

export interface Figures {
  /** Loss reductions of trainings without a slice. */
  readonly gains: readonly number[];
  readonly honest: readonly Honest[];
  /** With no step: what a training tells of a slice on which it never trained. */
  readonly cheats: readonly Cheat[];
}

/** Windows of a slice. */
export const WINDOWS = 64;
const SHARES = [0.05, 0.1, 0.2, 0.5] as const;
/** Trainings for each share: how many of which steps, relative to the localnet's. */
const SIZES = new Map([
  [1, 2],
  [2, 1],
  [0.5, 2],
]);
/** Windows of text assigned to others, on which each update is measured. */
export const OTHERS = 512;
/** Trainings without a slice: the first ones are those that the others are told beside. */
const [NEUTRAL, IDLE] = [2, 2];
const [CHEATED, STOPS, RATES] = [4, [1, 2, 5, 10], [1, 3, 10]] as const;

/** @param pretraining steps behind the base model */
export const measure = async (group: string, pretraining: number): Promise<Figures> => {
  const device = onnxCpu({ threads: 2 });
  const { base, network } = await openNursery(device, { steps: pretraining });
  const batchSize = network.scoring.eval_batch_size;
  const meter = await createLossMeter(device, network, { batchSize, parameters: base });
  const ofGroup = await meter.ofGroup(base, network.groups[group]!);
  const trainer = await openTrainer(device, network, group, base);
  const reductions = async (update: Parameters, text: readonly Batch[], before: readonly number[]) => {
    const after = await ofGroup.losses(new Map(Object.entries(update)), text);
    return before.map((loss, i) => loss - after[i]!);
  };
  const draw = (seed: string, count: number, size: number) => {
    const loader = groupTrainingLoader(network, group, { batchSize: size, seed: `assigned text ${seed}` });
    return Array.from({ length: count }, () => loader.next());
  };
  const textOf = async (windows: readonly Batch[]) => ({ windows, before: await ofGroup.losses(null, windows) });
  type Text = Awaited<ReturnType<typeof textOf>>;
  const on = (update: Parameters, { windows, before }: Text) => reductions(update, windows, before);
  const heldOut = await textOf(evaluationBatches(network, group, "5".repeat(64), null));
  const others = await textOf(draw("others", OTHERS, batchSize));
  const sliceOf = async (hotkey: number) => textOf(draw(`slice ${hotkey}`, WINDOWS, batchSize));

  let miners = 0;
  /** One training; of each `share` of its steps the last is on the slice, window after window. */
  const training = async (size: number, share = 0, slice?: Text): Promise<Parameters> => {
    const count = Math.round(size * TRAINING.max_steps);
    const usual = draw(`miner ${miners++}`, count, TRAINING.batch_size);
    const isOwn = (i: number) => Math.floor((i + 1) * share + 1e-9) > Math.floor(i * share + 1e-9);
    let taken = 0;
    const steps = usual.map((batch, i) => (slice && isOwn(i) ? lessonOf(slice, taken++) : [batch]));
    const { learning_rate: peak, warmup_steps: warmupSteps } = TRAINING;
    return (await trainer.train({ steps, schedule: cosineWithWarmup({ peak, warmupSteps, totalSteps: count }) }))[0]!;
  };
  const lessonOf = ({ windows }: Text, step: number): readonly Batch[] =>
    Array.from({ length: TRAINING.batch_size }, (_, i) => windows[(step * TRAINING.batch_size + i) % windows.length]!);

  const free: Parameters[] = [];
  const gains: number[] = [];
  for (let i = 0; i < NEUTRAL + IDLE; i++) {
    free.push(await training(1));
    gains.push(mean(await on(free[i]!, heldOut)));
  }
  const idle = free.slice(NEUTRAL);
  const idleOthers: (readonly number[])[] = [];
  for (const update of idle) idleOthers.push(await on(update, others));
  const neutralOn = async (text: Text): Promise<readonly number[]> => {
    const each: (readonly number[])[] = [];
    for (const update of free.slice(0, NEUTRAL)) each.push(await on(update, text));
    return text.windows.map((_, i) => mean(each.map((values) => values[i]!)));
  };
  const neutralOthers = await neutralOn(others);
  const told = async (
    update: Parameters,
    slice: Text,
    neutral: readonly number[],
    onOthers?: readonly number[],
  ): Promise<Told> => {
    const found: Reductions = { own: await on(update, slice), others: onOthers ?? (await on(update, others)) };
    return {
      alone: advantage(found),
      beside: advantageBeside({ own: neutral, others: neutralOthers }, found),
    };
  };

  const honest: Honest[] = [];
  const cheats: Cheat[] = [];
  let hotkeys = 0;
  const progress = (what: string) =>
    console.error(`${new Date().toISOString().slice(11, 19)} ${group}, ${pretraining}: ${what}`);
  for (const share of SHARES)
    for (const [size, count] of SIZES)
      for (let i = 0; i < count; i++) {
        const slice = await sliceOf(hotkeys++);
        const neutral = await neutralOn(slice);
        const update = await training(size, share, slice);
        const gain = mean(await on(update, heldOut));
        honest.push({ share, size, gain, ...(await told(update, slice, neutral)) });
        for (const [number, one] of idle.entries()) {
          const found = await told(one, slice, neutral, idleOthers[number]!);
          cheats.push({ steps: 0, rate: 0, gain: gains[NEUTRAL + number]!, ...found });
        }
        progress(`share ${share}, size ${size}`);
      }
  for (let i = 0; i < CHEATED; i++) {
    const slice = await sliceOf(hotkeys++);
    const neutral = await neutralOn(slice);
    for (const rate of RATES) {
      const updates = await trainer.train({
        steps: Array.from({ length: STOPS.at(-1)! }, (_, step) => lessonOf(slice, step)),
        schedule: () => rate * TRAINING.learning_rate,
        after: idle[i % IDLE]!,
        stops: STOPS,
      });
      for (const [at, update] of updates.entries()) {
        const gain = mean(await on(update, heldOut));
        cheats.push({ steps: STOPS[at]!, rate, gain, ...(await told(update, slice, neutral)) });
      }
    }
    progress("steps added");
  }
  await trainer.dispose();
  await meter.dispose();
  return { gains, honest, cheats };
};
