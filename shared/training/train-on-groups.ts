import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { groupBatches } from "./group-batches.js";
import { cosineWithWarmup } from "./schedule.js";
import type { StepResult } from "./train-options.js";
import type { TrainStep } from "./train-step.js";

/** A short training on every group's text at once. */
export interface GroupsTraining {
  readonly network: Pick<Network, "model" | "groups" | "data">;
  readonly seed: string;
  readonly steps: number;
  /** Sequences per step from each group. */
  readonly batchSize: number;
  readonly learningRate: number;
  readonly signal: AbortSignal;
}

/** Takes all steps, and disposes of what takes them. @returns the trained parameters; @throws the signal's reason */
export const trainOnGroups = async (
  trainStep: Pick<TrainStep, "step" | "params" | "dispose">,
  { network, seed, steps, batchSize, learningRate, signal }: GroupsTraining,
  onStep: (step: number, metrics: StepResult["metrics"]) => void,
): Promise<Parameters> => {
  const next = groupBatches(network, { batchSize, seed });
  const schedule = cosineWithWarmup({
    peak: learningRate,
    warmupSteps: Math.ceil(steps / 20),
    totalSteps: steps,
    floor: learningRate / 10,
  });
  try {
    for (let step = 0; step < steps; step++) {
      signal.throwIfAborted();
      const { metrics } = await trainStep.step([{ ...next() }], schedule(step), undefined, signal);
      onStep(step, metrics);
      await yieldToEvents();
    }
    return await trainStep.params();
  } finally {
    await trainStep.dispose();
  }
};
