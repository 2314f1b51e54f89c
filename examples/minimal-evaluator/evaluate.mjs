// The smallest evaluator that follows docs/own-evaluator.md, on BlockZero's own engine: a start for one in another language.
//
//     evaluator: { command: [node, /path/to/examples/minimal-evaluator/evaluate.mjs] }
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { decodeFloats, parseSafetensors } from "blockzero/artifact";
import { intTensor, onnxCpu } from "blockzero/engine";
import { allExperts, batchInputs, languageModelLoss, readCheckpoint } from "blockzero/model";
import { createEvaluator } from "blockzero/training";

const job = JSON.parse(readFileSync(process.env.BLOCKZERO_JOB, "utf8"));
let model;
let evaluator;

/** The base model of a cycle stays the same folder: it is read again where the file has changed. */
const open = async ({ model: dir, model_version: version, rows_per_loss: batchSize }) => {
  if (model?.version === version && model.batchSize === batchSize) return;
  await evaluator?.dispose();
  const { config, parameters } = await readCheckpoint(dir);
  const shape = {
    config,
    held: allExperts(config),
    batchSize,
    sequenceLength: job.sequence_length,
    isolated: job.isolated,
  };
  model = { version, batchSize };
  evaluator = await createEvaluator({
    device: onnxCpu({ threads: 0 }),
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: parameters,
  });
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  await open(request);
  const changed = request.change === null ? new Map() : decodeFloats(readFileSync(request.change));
  const replaced = Object.fromEntries([...changed].map(([name, tensor]) => [name, { dtype: "float32", ...tensor }]));
  const text = parseSafetensors(readFileSync(request.windows)).tensors;
  const size = request.rows_per_loss * job.sequence_length;
  const batches = text.get("ids").data.length / (4 * size);
  const losses = [];
  for (let at = 0; at < batches; at++) {
    const rows = ({ data }) =>
      new Int32Array(Uint8Array.from(data.subarray(4 * at * size, 4 * (at + 1) * size)).buffer);
    const batch = Object.fromEntries([...text].map(([name, tensor]) => [name, intTensor([...rows(tensor)], [size])]));
    const { loss } = await evaluator.evaluate(replaced, batch);
    losses.push(Number.isFinite(loss) ? loss : null);
  }
  console.log(JSON.stringify({ id: request.id, losses }));
}
await evaluator?.dispose();
