import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { Batch } from "#shared/data/loader.js";
import { intTensor } from "#shared/engine/tensor.js";
import { mean } from "#shared/mean.js";
import type { TrainStep } from "./train-step.js";

export interface InnerStep {
  readonly step: number;
  /** Mean cross-entropy of the step's batches, nats. */
  readonly loss: number;
  readonly learningRate: number;
  readonly gradNorm: number;
  readonly skipped: boolean;
}

export interface InnerRun {
  readonly steps: number;
  readonly tokens: number;
  /** Steps whose loss or gradient was not finite; they changed nothing. */
  readonly skipped: number;
  /** Mean training loss over the first and the last tenth of the steps, nats; NaN when no step ran. */
  readonly firstLoss: number;
  readonly lastLoss: number;
}

export interface InnerLoop {
  readonly trainStep: TrainStep;
  readonly nextBatch: () => Batch;
  readonly schedule: (step: number) => number;
  readonly maxSteps: number;
  readonly accumulation: number;
  /** Asked before every step; true ends the loop. */
  readonly stop: () => boolean;
  /** Share of the time that has passed, 0–1: where time is shorter than `maxSteps`, the schedule follows it to its end. */
  readonly progress?: () => number;
  readonly onStep?: (step: InnerStep) => void;
}

/** DiLoCo's inner phase: up to `maxSteps` AdamW steps, fewer when `stop` says that the time is up. */
export const innerLoop = async (loop: InnerLoop): Promise<InnerRun> => {
  const losses: number[] = [];
  let tokens = 0;
  let skipped = 0;
  for (let step = 0; step < loop.maxSteps && !loop.stop(); step++) {
    const batches = Array.from({ length: loop.accumulation }, loop.nextBatch);
    const elapsed = Math.floor((loop.progress?.() ?? 0) * loop.maxSteps);
    const learningRate = loop.schedule(Math.max(step, elapsed));
    const result = await loop.trainStep.step(batches.map(batchTensors), learningRate);
    tokens += batches.reduce((total, { ids }) => total + ids.length, 0);
    if (result.skipped) skipped++;
    else losses.push(result.loss);
    loop.onStep?.({ step, learningRate, ...result });
    // The runtime computes on this thread: let the chain's heads and the blob server's requests in.
    await yieldToEvents();
  }
  const tenth = Math.max(1, Math.floor(losses.length / 10));
  return {
    steps: losses.length + skipped,
    tokens,
    skipped,
    firstLoss: mean(losses.slice(0, tenth)),
    lastLoss: mean(losses.slice(-tenth)),
  };
};

/** A batch as the graph's inputs. */
export const batchTensors = ({ ids, targets }: Batch) => ({
  ids: intTensor(ids, [ids.length]),
  targets: intTensor(targets, [targets.length]),
});
