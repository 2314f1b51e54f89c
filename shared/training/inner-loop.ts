import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { Batch } from "#shared/data/loader.js";
import { intTensor } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { mean } from "#shared/util/mean.js";
import { isSpike, SPIKE_WINDOW } from "./spike.js";
import type { TimeBox } from "./time-box.js";
import type { StepResult } from "./train-options.js";
import type { TrainStep } from "./train-step.js";

export interface InnerStep {
  readonly step: number;
  /** Mean cross-entropy of the step's batches, nats. */
  readonly loss: number;
  readonly learningRate: number;
  readonly gradNorm: number;
  /** The step changed nothing: its loss or gradient was not finite, or it was a spike. */
  readonly skipped: boolean;
  readonly spike: boolean;
}

export interface InnerRun {
  readonly steps: number;
  readonly tokens: number;
  /** Steps that changed nothing, because loss or gradient were not finite or the loss was a spike. */
  readonly skipped: number;
  /** The steps among them that were spikes. */
  readonly spikes: number;
  /** Mean training loss over the first and the last tenth of the steps, nats. NaN when no step ran. */
  readonly firstLoss: number;
  readonly lastLoss: number;
}

/** The progress of a run between two steps. Together with the train step's state and the batches' position it is enough to continue the run. */
export interface InnerProgress {
  readonly steps: number;
  readonly tokens: number;
  readonly skipped: number;
  readonly spikes: number;
  /** Position in the schedule, in steps. */
  readonly position: number;
  /** Losses of the steps that were taken. */
  readonly losses: readonly number[];
  /** Finite losses of the last steps, including spikes. */
  readonly recent: readonly number[];
  /** Milliseconds per micro-batch, so that a continued run need not measure again. Null if nobody measured. */
  readonly pace: number | null;
}

export interface InnerLoop {
  readonly trainStep: TrainStep;
  readonly nextBatch: () => Batch;
  readonly schedule: (step: number) => number;
  readonly maxSteps: number;
  readonly accumulation: number;
  /** Called before every step. True ends the loop. */
  readonly stop: () => boolean;
  /** Ends the step under way, as `TrainStep.step` says; the loop then throws its reason. */
  readonly signal?: AbortSignal;
  /** Ends the loop before a step that would end too late. The last step may get fewer micro-batches instead. */
  readonly timeBox?: TimeBox;
  /** Share of the time from here on that has passed, 0–1. If the time is too short for all steps, the schedule follows this share to its end. */
  readonly progress?: () => number;
  /** Number of standard deviations above the running mean from which a loss is a spike. The step of a spike is not taken. 0: never. */
  readonly spikeThreshold?: number;
  /** Continues from this progress instead of the beginning. */
  readonly from?: InnerProgress;
  readonly onStep?: (step: InnerStep) => void;
  /** Told of a fault that ended the loop after steps that learned: what they gave is kept. Without it, and before such a step, a fault is thrown. */
  readonly onFault?: (fault: BlockZeroError) => void;
  /** Awaited between steps. */
  readonly betweenSteps?: (progress: InnerProgress) => Promise<void>;
}

const BEGINNING: InnerProgress = {
  steps: 0,
  tokens: 0,
  skipped: 0,
  spikes: 0,
  position: 0,
  losses: [],
  recent: [],
  pace: null,
};

/** DiLoCo's inner phase: up to `maxSteps` AdamW steps, fewer when the time is up. */
export const innerLoop = async (loop: InnerLoop): Promise<InnerRun> => {
  const { trainStep, maxSteps, accumulation, timeBox, spikeThreshold = 0, from = BEGINNING } = loop;
  const losses = [...from.losses];
  const recent = [...from.recent];
  let { steps, tokens, skipped, spikes, position } = from;
  const begun = position / maxSteps;
  if (from.pace !== null) timeBox?.recall(from.pace);
  const refuse = (loss: number) => isSpike(loss, recent, spikeThreshold);

  while (steps < maxSteps && !loop.stop()) {
    const microBatches = timeBox ? timeBox.room(accumulation) : accumulation;
    if (microBatches === 0) break;
    const elapsed = begun + (1 - begun) * (loop.progress?.() ?? 0);
    position = Math.max(steps, Math.floor(elapsed * maxSteps));
    const learningRate = loop.schedule(position);
    const take = async () => {
      const batches = Array.from({ length: microBatches }, loop.nextBatch);
      const result = await trainStep.step(batches.map(batchTensors), learningRate, refuse, loop.signal);
      tokens += batches.reduce((total, { ids }) => total + ids.length, 0);
      return result;
    };
    let result: StepResult;
    try {
      result = await (timeBox ? timeBox.timed(microBatches, take) : take());
    } catch (thrown) {
      // A step that throws has changed nothing.
      if (loop.signal?.aborted || !loop.onFault || steps === skipped || !(thrown instanceof BlockZeroError))
        throw thrown;
      loop.onFault(thrown);
      break;
    }
    const step = steps++;
    if (result.skipped) skipped++;
    else losses.push(result.loss);
    if (result.refused) spikes++;
    if (result.refused || !result.skipped) recent.push(result.loss);
    if (recent.length > SPIKE_WINDOW) recent.shift();
    const { loss, gradNorm } = result;
    loop.onStep?.({ step, loss, learningRate, gradNorm, skipped: result.skipped, spike: result.refused });
    await loop.betweenSteps?.({
      steps,
      tokens,
      skipped,
      spikes,
      position,
      losses,
      recent,
      pace: timeBox?.pace() ?? null,
    });
    // The runtime computes on this thread. This lets the chain's heads and the blob server's requests in.
    await yieldToEvents();
  }
  if (steps === from.steps) timeBox?.forget();
  const tenth = Math.max(1, Math.floor(losses.length / 10));
  return {
    steps,
    tokens,
    skipped,
    spikes,
    firstLoss: mean(losses.slice(0, tenth)),
    lastLoss: mean(losses.slice(-tenth)),
  };
};

/** A batch as the graph's inputs. */
export const batchTensors = ({ ids, targets, starts }: Pick<Batch, "ids" | "targets" | "starts">) => ({
  ids: intTensor(ids, [ids.length]),
  targets: intTensor(targets, [targets.length]),
  ...(starts && { starts: intTensor(starts, [starts.length]) }),
});
