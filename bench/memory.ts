/**
 * Whether a long training grows: `node dist/bench/memory.js [steps]` trains a micro model and prints how far resident memory rose
 * after the first tenth. What a shard takes at its peak is `blockzero-miner plan --measure`.
 */
import { createRandom } from "#shared/data/random.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { intTensor } from "#shared/engine/tensor.js";
import { initialParameters } from "#shared/model/init.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/network.js";
import { createTrainStep } from "#shared/training/train-step.js";

const STEPS = 1_000;
/** Growth that is one. */
const LIMIT = 0.01;

const model: ModelConfig = {
  vocab_size: 264,
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  num_experts: 4,
  num_experts_per_tok: 2,
  moe_intermediate_size: 128,
  norm_topk_prob: true,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
};
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

/** A program that collects its garbage when asked shows what it cannot let go. */
const resident = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().rss;
};

const batch = () => {
  const ids = Array.from({ length: tokens + 1 }, () => random.below(256));
  return { ids: intTensor(ids.slice(0, -1), [tokens]), targets: intTensor(ids.slice(1), [tokens]) };
};

const steps = Number(process.argv[2] ?? STEPS);
const samples: number[] = [];
for (let step = 1; step <= steps; step++) {
  await trainStep.step([batch()], 1e-3);
  if (step % (steps / 20) === 0) samples.push(resident());
}
await trainStep.dispose();

/** The lower half of a few samples: what is held, and not what waits to be collected. */
const floor = (some: readonly number[]) => Math.min(...some);
const [before, after] = [floor(samples.slice(2, 6)), floor(samples.slice(-4))];
const growth = after / before - 1;
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
console.log(`steps      ${steps}`);
console.log(`resident   ${megabytes(before)} MB after warm-up, ${megabytes(after)} MB at the end`);
console.log(`growth     ${(100 * growth).toFixed(2)} %`);
if (growth >= LIMIT) {
  console.error(`✖ MEMORY_GROWS by ${(100 * growth).toFixed(2)} % → run it with --heap-prof, or bisect the runtime`);
  process.exitCode = 1;
}
