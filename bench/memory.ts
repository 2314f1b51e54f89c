import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { CommandSpec } from "#shared/cli/program.js";
import { createRandom } from "#shared/data/random.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { intTensor } from "#shared/engine/tensor.js";
import { mean } from "#shared/mean.js";
import { initialParameters } from "#shared/model/init.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts } from "#shared/model/parameters.js";
import { PRESETS } from "#shared/model/presets.js";
import { createTrainStep } from "#shared/training/train-step.js";

/** Until the JavaScript heap and the allocators have found their size; of as many steps again the growth is measured. */
const WARM_UP = 1_000;
const STEPS = 1_000;
const SAMPLES = 25;
/** Growth that is one. */
const LIMIT = 0.01;

/** A training that holds nothing but what it needs resides in as much memory after a long time as before. */
export const memoryBench: CommandSpec = {
  name: "memory",
  description: `whether ${STEPS} steps of a micro model grow resident memory; what a shard takes is \`blockzero-miner plan --measure\``,
  examples: ["npm run bench -- memory"],
  define: (command) => command.action(measure),
};

const measure = async (): Promise<void> => {
  const { step, dispose } = await microTraining();
  for (let i = 0; i < WARM_UP - STEPS / 2; i++) await step();
  const before = await level(step, STEPS / 2);
  for (let i = 0; i < STEPS / 2; i++) await step();
  const after = await level(step, STEPS / 2);
  await dispose();
  const growth = after / before - 1;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(`held after warm-up       ${megabytes(before)}`);
  console.log(`after ${STEPS} more steps    ${megabytes(after)}`);
  console.log(`growth                   ${(100 * growth).toFixed(2)} %`);
  if (growth < LIMIT) return;
  console.error(`✖ MEMORY_GROWS by ${(100 * growth).toFixed(2)} % → run it with --heap-prof, or bisect the runtime`);
  process.exitCode = 1;
};

/** Mean of the memory held over some steps: the allocator gives pages back and takes them again. */
const level = async (step: () => Promise<unknown>, steps: number): Promise<number> => {
  const samples: number[] = [];
  for (let i = 1; i <= steps; i++) {
    await step();
    if (i % (steps / SAMPLES) === 0) samples.push(held());
  }
  return mean(samples);
};

/** Resident memory without what waits to be collected. */
const held = (): number => {
  collect();
  return process.memoryUsage.rss();
};

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Steps of a model so small that what they leave behind would show beside it. */
const microTraining = async () => {
  const model = PRESETS.tiny;
  const shape = { config: model, held: allExperts(model), batchSize: 4, sequenceLength: 32 };
  const tokens = shape.batchSize * shape.sequenceLength;
  const random = createRandom("memory");
  const params = initialParameters(model, random);
  const trainStep = await createTrainStep({
    device: onnxCpu({ threads: 2 }),
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params,
    trainable: Object.keys(params),
  });
  const batch = () => {
    const ids = Array.from({ length: tokens + 1 }, () => random.below(256));
    return { ids: intTensor(ids.slice(0, -1), [tokens]), targets: intTensor(ids.slice(1), [tokens]) };
  };
  return { step: () => trainStep.step([batch()], 1e-3), dispose: () => trainStep.dispose() };
};
