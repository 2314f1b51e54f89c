// The smallest trainer that follows docs/own-trainer.md, on BlockZero's own engine: a start for one in another language.
//
//     trainer: { command: [node, /path/to/examples/minimal-trainer/train.mjs] }
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeSafetensors, parseSafetensors } from "blockzero/artifact";
import { intTensor, onnxCpu } from "blockzero/engine";
import { allExperts, batchInputs, languageModelLoss, readCheckpoint } from "blockzero/model";
import { cosineWithWarmup, createTrainStep } from "blockzero/training";

const { paths, windows, settings, trained } = JSON.parse(readFileSync(process.env.BLOCKZERO_JOB, "utf8"));

/** The tensors of a file of float32, by name. */
const floatsOf = (path) =>
  Object.fromEntries(
    [...parseSafetensors(readFileSync(path)).tensors].map(([name, { shape, data }]) => [
      name,
      { dtype: "float32", shape, data: new Float32Array(Uint8Array.from(data).buffer) },
    ]),
  );

const { config, parameters } = await readCheckpoint(paths.shard);
const routers = paths.routers ? floatsOf(paths.routers) : {};
const text = parseSafetensors(readFileSync(paths.windows)).tensors;
const shape = {
  // The engine keeps the text with the experts held where these are not all that a router has.
  config: { ...config, num_experts: Object.values(routers)[0]?.shape[0] ?? config.num_experts },
  held: allExperts(config),
  heldAffinity: settings.affinity,
  batchSize: settings.batch_size,
  sequenceLength: windows.sequence_length,
  isolated: windows.isolated,
};

/** The tensors of one forward pass, int64 [batch × sequence]. */
const batch = (number) => {
  const size = shape.batchSize * shape.sequenceLength;
  const rows = ({ data }) =>
    new Int32Array(Uint8Array.from(data.subarray(4 * number * size, 4 * (number + 1) * size)).buffer);
  return Object.fromEntries([...text].map(([name, tensor]) => [name, intTensor([...rows(tensor)], [size])]));
};

/** An expert's tensor as the shard's folder, read by this library, calls it. */
const inShard = ({ layer, index, projection }) =>
  `model.layers.${layer}.mlp.experts.${index}.${projection}_proj.weight`;

const accumulation = settings.gradient_accumulation_steps;
const trainStep = await createTrainStep({
  device: onnxCpu({ threads: settings.threads }),
  loss: languageModelLoss(shape),
  inputs: batchInputs(shape),
  params: { ...parameters, ...routers },
  trainable: trained.map(inShard),
  adamw: { weightDecay: settings.weight_decay },
  clip: settings.clip,
  accumulation,
});
const schedule = cosineWithWarmup({
  peak: settings.learning_rate,
  warmupSteps: settings.warmup_steps,
  totalSteps: settings.schedule_steps,
});

/** A checkpoint appears whole, under the name of its step. */
const save = async (step, tokens) => {
  const weights = await trainStep.params();
  const tensors = trained.map((tensor) => {
    const { data } = weights[inShard(tensor)];
    return [tensor.name, { dtype: "F32", shape: tensor.shape, data: new Uint8Array(data.buffer, 0, data.byteLength) }];
  });
  const path = join(paths.output, `experts-${step}.safetensors`);
  writeFileSync(`${path}.tmp`, encodeSafetensors(new Map(tensors), new Map([["tokens", String(tokens)]])));
  renameSync(`${path}.tmp`, path);
};

/** Steps of a run that a restart of the miner interrupted: its newest checkpoint is gone on from, AdamW's moments begin anew. */
const done = Math.max(
  0,
  ...readdirSync(paths.output).map((name) => Number(/^experts-(\d+)\.safetensors$/.exec(name)?.[1] ?? 0)),
);
if (done > 0) {
  const newest = floatsOf(join(paths.output, `experts-${done}.safetensors`));
  const params = trained.map((tensor) => [inShard(tensor), newest[tensor.name]]);
  await trainStep.restore({ params: Object.fromEntries(params) });
}

let isOver = false;
process.once("SIGTERM", () => {
  isOver = true;
});
let tokens = done * accumulation * shape.batchSize * shape.sequenceLength;
for (let step = done + 1; step <= settings.max_steps && !isOver; step++) {
  const batches = Array.from({ length: accumulation }, (_, i) => batch((step - 1) * accumulation + i));
  const rate = schedule(step - 1);
  const { loss, gradNorm } = await trainStep.step(batches, rate);
  tokens += accumulation * shape.batchSize * shape.sequenceLength;
  console.log(JSON.stringify({ step, loss, tokens, learning_rate: rate, grad_norm: gradNorm }));
  if (step % 10 === 0 || step === settings.max_steps) await save(step, tokens);
  // Lets SIGTERM in.
  await new Promise(setImmediate);
  if (isOver && step % 10 !== 0) await save(step, tokens);
}
await trainStep.dispose();
