import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Batch } from "#shared/data/loader.js";
import { createRandom } from "#shared/data/random.js";
import * as op from "#shared/engine/ops/index.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { floatTensor } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type InnerLoop, type InnerStep, innerLoop } from "#shared/training/inner-loop.js";
import { cosineWithWarmup } from "#shared/training/schedule.js";
import { createTimeBox, stepTimes } from "#shared/training/time-box.js";
import { createTrainStep, type TrainStep } from "#shared/training/train-step.js";

const device = onnxCpu({ threads: 1 });
const VOCABULARY = 8;
const TOKENS = 16;
/** A token whose row is not finite, so that a batch that holds it cannot be learned from. */
const POISON = VOCABULARY - 1;

/** A bigram model: row i of the table holds the logits of what follows token i. */
const bigram = async (context: TestContext, accumulation = 1) => {
  const table = new Float32Array(VOCABULARY * VOCABULARY).fill(0);
  table.fill(Number.NaN, POISON * VOCABULARY);
  const trainStep = await createTrainStep({
    device,
    loss: (_graph, { table }, { ids, targets }) => op.crossEntropy(op.gather(table!, ids!), targets!),
    inputs: { ids: { shape: [TOKENS], dtype: "int64" }, targets: { shape: [TOKENS], dtype: "int64" } },
    params: { table: floatTensor(table, [VOCABULARY, VOCABULARY]) },
    trainable: ["table"],
    accumulation,
  });
  context.after(() => trainStep.dispose());
  return trainStep;
};

/** Each token is followed by the next one, modulo the number of learnable tokens. */
const batches = (poisoned: (batch: number) => boolean = () => false) => {
  const random = createRandom("batches");
  let count = 0;
  return (): Batch => {
    const ids = BigInt64Array.from({ length: TOKENS }, () => BigInt(random.below(POISON)));
    const targets = ids.map((id) => (id + 1n) % BigInt(POISON));
    if (poisoned(count++)) ids[3] = BigInt(POISON);
    return { ids, targets, counted: TOKENS, bytes: TOKENS, batchSize: 2, sequenceLength: TOKENS / 2 };
  };
};

const run = async (context: TestContext, options: Partial<InnerLoop> = {}) => {
  const steps: InnerStep[] = [];
  const result = await innerLoop({
    trainStep: await bigram(context, options.accumulation),
    nextBatch: batches(),
    schedule: () => 0.3,
    maxSteps: 30,
    accumulation: 1,
    stop: () => false,
    onStep: (step) => steps.push(step),
    ...options,
  });
  return { result, steps };
};

describe("inner loop", () => {
  it("learns for as many steps as it may", async (context) => {
    const { result, steps } = await run(context);
    assert.deepEqual(
      steps.map(({ step }) => step),
      Array.from({ length: 30 }, (_, step) => step),
    );
    assert.equal(result.steps, 30);
    assert.equal(result.tokens, 30 * TOKENS);
    assert.equal(result.skipped, 0);
    const mean = (some: readonly InnerStep[]) => some.reduce((sum, { loss }) => sum + loss, 0) / some.length;
    assert.equal(result.firstLoss, mean(steps.slice(0, 3)));
    assert.equal(result.lastLoss, mean(steps.slice(-3)));
    assert.ok(Math.abs(steps[0]!.loss - Math.log(VOCABULARY)) < 1e-5);
    assert.ok(result.lastLoss < result.firstLoss / 2);
  });

  it("asks before every step whether to stop", async (context) => {
    let asked = 0;
    const { result, steps } = await run(context, { stop: () => asked++ === 5 });
    assert.equal(result.steps, 5);
    assert.equal(steps.length, 5);
    assert.equal(asked, 6);
  });

  it("takes no step, and no batch, when it is stopped at once", async (context) => {
    const nextBatch = () => assert.fail("a batch was drawn");
    const { result } = await run(context, { stop: () => true, nextBatch });
    assert.deepEqual(result, {
      steps: 0,
      tokens: 0,
      skipped: 0,
      spikes: 0,
      firstLoss: Number.NaN,
      lastLoss: Number.NaN,
    });
  });

  it("tries a step again after a training that had room for none by what an earlier step took", async (context) => {
    let time = 0;
    const times = stepTimes();
    // A card that is cold: so slow a step leaves no room for another in any training of 1,000 ms.
    times.record(900, 1);
    const train = (deadline: number) =>
      run(context, {
        timeBox: createTimeBox({ times, now: () => time, elapsed: () => time, deadline: () => deadline }),
        onStep: () => {
          time += 100;
        },
      });
    assert.equal((await train(1_000)).result.steps, 0);
    time = 1_000;
    assert.ok((await train(2_000)).result.steps > 0);
  });

  it("follows the clock through the schedule where time is shorter than the steps", async (context) => {
    const schedule = cosineWithWarmup({ peak: 0.3, warmupSteps: 2, totalSteps: 100, floor: 0.01 });
    const clock = [0, 0, 0, 0.25, 0.5, 0.755, 1];
    let tick = 0;
    const { steps } = await run(context, {
      maxSteps: 100,
      schedule,
      progress: () => clock[tick++]!,
      stop: () => tick === clock.length,
    });
    const rates = steps.map(({ learningRate }) => learningRate);
    assert.deepEqual(rates, [0, 1, 2, 25, 50, 75, 100].map(schedule));
    assert.equal(rates.at(-1), 0.01);
  });

  it("never falls behind its own steps", async (context) => {
    const { steps } = await run(context, { maxSteps: 6, schedule: (step) => step / 100, progress: () => 0.2 });
    assert.deepEqual(
      steps.map(({ learningRate }) => learningRate),
      [0.01, 0.01, 0.02, 0.03, 0.04, 0.05],
    );
  });

  it("counts the steps that could not be taken, and learns from the others", async (context) => {
    const nextBatch = batches((batch) => batch % 4 === 1);
    const { result, steps } = await run(context, { maxSteps: 12, nextBatch });
    assert.equal(result.skipped, 3);
    assert.equal(result.steps, 12);
    assert.deepEqual(
      steps.filter(({ skipped }) => skipped).map(({ step }) => step),
      [1, 5, 9],
    );
    assert.ok(Number.isFinite(result.firstLoss) && result.lastLoss < result.firstLoss);
  });

  it("keeps what earlier steps gave where one fails, and says why", async (context) => {
    const trainStep = await bigram(context);
    const fault = new BlockZeroError("GRAPH_RUN", "no memory", "free some");
    const failing = (first: number): TrainStep => {
      let taken = 0;
      return { ...trainStep, step: (...given) => (++taken < first ? trainStep.step(...given) : Promise.reject(fault)) };
    };
    const told: BlockZeroError[] = [];
    const onFault = (thrown: BlockZeroError) => told.push(thrown);
    const { result } = await run(context, { trainStep: failing(3), onFault });
    assert.deepEqual([result.steps, result.tokens], [2, 2 * TOKENS]);
    assert.deepEqual(told, [fault]);
    await assert.rejects(run(context, { trainStep: failing(1), onFault }), fault);
    await assert.rejects(run(context, { trainStep: failing(3) }), fault);
    const skipping = batches(() => true);
    await assert.rejects(run(context, { trainStep: failing(3), onFault, nextBatch: skipping }), fault);
  });

  it("draws a batch for each micro-batch", async (context) => {
    let drawn = 0;
    const next = batches();
    const nextBatch = () => {
      drawn++;
      return next();
    };
    const { result } = await run(context, { maxSteps: 4, accumulation: 3, nextBatch });
    assert.equal(drawn, 12);
    assert.equal(result.tokens, 12 * TOKENS);
    assert.equal(result.steps, 4);
  });

  it("lets other events in between steps", async (context) => {
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    context.after(() => clearInterval(timer));
    let immediates = 0;
    const count = () => {
      immediates++;
      handle = setImmediate(count);
    };
    let handle = setImmediate(count);
    context.after(() => clearImmediate(handle));
    await run(context, { maxSteps: 10 });
    assert.ok(immediates >= 9, `${immediates} turns of the event loop`);
  });
});
