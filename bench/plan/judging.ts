import { readFileSync } from "node:fs";
import type { FloatTensors } from "#shared/artifact/update.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { floatTensor, sizeOf } from "#shared/engine/tensor.js";
import { batchesOfRun, createLossMeter, evaluationBatches } from "#shared/evaluation/loss-meter.js";
import { openSketching } from "#shared/independence/sketching.js";
import { groupShapes } from "#shared/model/groups.js";
import { parameterShapes } from "#shared/model/parameters.js";
import { DRAWN_GROUP } from "#shared/planning/drawn-network.js";
import { seededPiece } from "#shared/planning/seeded-pool.js";
import { networkSchema } from "#shared/protocol/network.js";
import { mapValues } from "#shared/training/objective.js";
import { watchPeaks } from "../large/anonymous-memory.js";
import { median } from "../median.js";

/**
 * A validator's work on random weights, in a process of its own, so that its memory is: the base model by all groups and one update of a group,
 * judged as a whole. Prints the peak of anonymous memory and the tokens a second.
 */
const [path, threads] = process.argv.slice(2);
const network = networkSchema.parse(JSON.parse(readFileSync(path!, "utf8")));
const group = network.groups[DRAWN_GROUP]!;
const batchSize = network.scoring.eval_batch_size;
const RUNS = 6;

const weights = () =>
  mapValues(parameterShapes(network.model), (shape, name) =>
    floatTensor(
      shape.length === 1 ? new Float32Array(shape[0]!).fill(1) : seededPiece(name, sizeOf(shape), 0.04),
      shape,
    ),
  );

async function* tensorsOf(update: FloatTensors) {
  for (const { data } of update.values()) yield data;
}

const { result, peaks } = await watchPeaks(async () => {
  const device = onnxCpu({ threads: Number(threads) });
  // What the meter holds of its own, and the cycle's model.
  const model = weights();
  const meter = await createLossMeter(device, network, { batchSize, parameters: weights() });
  const tokensOf = (count: number) => count * batchSize * network.data.sequence_length;
  const batches = evaluationBatches(network, DRAWN_GROUP, "7".repeat(64), null);
  const run = batches.slice(0, batchesOfRun(batchSize, network.data));
  const seconds: number[] = [];
  for (let i = 0; i <= RUNS; i++) {
    const begun = performance.now();
    await meter.losses(model, run);
    if (i > 0) seconds.push((performance.now() - begun) / 1000);
  }
  const update: FloatTensors = new Map(
    Object.entries(groupShapes(network.model, group)).map(([name, shape]) => [
      name,
      { shape, data: seededPiece(`update ${name}`, sizeOf(shape)) },
    ]),
  );
  // As a validator does, which compiles what all groups need beforehand.
  for (const other of Object.values(network.groups)) await (await meter.ofGroup(model, other)).losses(null, batches);
  await (await meter.ofGroup(model, group)).losses(update, batches);
  const sketching = openSketching();
  await sketching.sketch("7".repeat(64), tensorsOf(update));
  await sketching.close();
  await meter.dispose();
  return tokensOf(run.length) / median(seconds);
});
process.stdout.write(JSON.stringify({ anonymous: peaks.anonymous, tokensPerSecond: result }));
