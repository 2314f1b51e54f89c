import type { Device } from "#shared/engine/device.js";
import { ADAMW_DEFAULTS } from "#shared/engine/optim/adamw.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { createEvaluator } from "#shared/training/evaluator.js";
import { createTrainStep } from "#shared/training/train-step.js";
import type { StepCase } from "./cases.js";
import type { Contestant } from "./contestant.js";
import type { Material } from "./material.js";

/** The optimiser's settings, the same on every side. */
export const SETTINGS = { rate: 1e-3, clip: 1, ...ADAMW_DEFAULTS } as const;

/** The case on this engine. */
export const ourStep = async (
  device: Device,
  stepCase: StepCase,
  { weights, batches }: Material,
): Promise<Contestant> => {
  const objective = { device, loss: languageModelLoss(stepCase), inputs: batchInputs(stepCase), params: weights };
  let taken = 0;
  const timed = (step: (batch: Material["batches"][number]) => Promise<number>): Contestant["run"] => {
    return async (count) => {
      const seconds: number[] = [];
      const losses: number[] = [];
      for (let i = 0; i < count; i++) {
        const batch = batches[taken++ % batches.length]!;
        const begin = performance.now();
        losses.push(await step(batch));
        seconds.push((performance.now() - begin) / 1000);
      }
      return { seconds, losses };
    };
  };
  if (stepCase.trainable.length === 0) {
    const evaluator = await createEvaluator(objective);
    const run = timed(async (batch) => (await evaluator.evaluate({}, batch)).loss);
    return { name: "blockzero", run, dispose: () => evaluator.dispose() };
  }
  const trainStep = await createTrainStep({ ...objective, trainable: stepCase.trainable, clip: SETTINGS.clip });
  const run = timed(async (batch) => (await trainStep.step([batch], SETTINGS.rate)).loss);
  return { name: "blockzero", run, dispose: () => trainStep.dispose() };
};
