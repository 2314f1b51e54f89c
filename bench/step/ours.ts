import type { Device } from "#shared/engine/device.js";
import { ADAMW_DEFAULTS } from "#shared/engine/optim/adamw.js";
import { createEvaluator } from "#shared/evaluation/evaluator.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { ownSeconds } from "../machine.js";
import type { StepCase } from "./cases.js";
import type { Contestant } from "./contestant.js";
import type { Material } from "./material.js";
import { stopwatch } from "./stopwatch.js";

/** The optimiser's settings, the same on every side. */
export const SETTINGS = { rate: 1e-3, clip: 1, ...ADAMW_DEFAULTS } as const;

/** The case on this engine. */
export const ourStep = async (device: Device, stepCase: StepCase, material: Material): Promise<Contestant> => {
  const { device: timed, lap } = stopwatch(device);
  const { step, dispose } = await stepOf(timed, stepCase, material);
  const { batches } = material;
  let taken = 0;
  return {
    name: "blockzero",
    async run(count) {
      const seconds: number[] = [];
      const inside: number[] = [];
      const losses: number[] = [];
      for (let i = 0; i < count; i++) {
        const batch = batches[taken++ % batches.length]!;
        lap();
        const begin = performance.now();
        losses.push(await step(batch));
        seconds.push((performance.now() - begin) / 1000);
        inside.push(lap());
      }
      return { seconds, losses, inside };
    },
    processorSeconds: async () => ownSeconds(),
    dispose,
  };
};

type Batch = Material["batches"][number];

/** A train step, or where nothing is trained the loss. */
const stepOf = async (
  device: Device,
  stepCase: StepCase,
  { weights }: Material,
): Promise<{ step(batch: Batch): Promise<number>; dispose(): Promise<void> }> => {
  const objective = { device, loss: languageModelLoss(stepCase), inputs: batchInputs(stepCase), params: weights };
  if (stepCase.trainable.length === 0) {
    const evaluator = await createEvaluator(objective);
    return {
      step: async (batch) => (await evaluator.evaluate({}, batch)).loss,
      dispose: () => evaluator.dispose(),
    };
  }
  const trainStep = await createTrainStep({
    ...objective,
    trainable: stepCase.trainable,
    clip: SETTINGS.clip,
    ...(stepCase.program === "layers" && { layered: { shape: stepCase } }),
  });
  return {
    step: async (batch) => (await trainStep.step([batch], SETTINGS.rate)).loss,
    dispose: () => trainStep.dispose(),
  };
};
