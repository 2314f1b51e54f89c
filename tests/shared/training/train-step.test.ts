import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Tensors } from "#shared/engine/device.js";
import * as op from "#shared/engine/ops/index.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { type FloatTensor, floatTensor } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { createEvaluator } from "#shared/evaluation/evaluator.js";
import { type FloatSource, inMemory } from "#shared/training/float-source.js";
import type { Objective } from "#shared/training/objective.js";
import type { StepResult, TrainStepOptions } from "#shared/training/train-options.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { atEachRun } from "#tests/support/at-each-run.js";
import { coded } from "#tests/support/coded.js";

const device = onnxCpu({ threads: 1 });
const BATCH = 16;

/** A small regression network; the metric is the mean of its predictions. */
const objective: Objective = (_graph, { w1, b1, w2 }, { x, y }) => {
  const prediction = op.matmul(op.silu(op.add(op.matmul(x!, w1!), b1!)), w2!);
  const loss = op.reduceMean(op.sumOfSquares(op.sub(prediction, y!), [1]), [0]);
  return { loss, metrics: { mean: op.reduceMean(prediction, [0, 1]) } };
};

const wave = (shape: readonly number[], phase: number): FloatTensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return floatTensor(
    Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + phase)),
    shape,
  );
};

const params = () => ({ w1: wave([2, 8], 0), b1: wave([8], 1), w2: wave([8, 1], 2) });

const batchOf = (size: number, phase: number) => {
  const x = wave([size, 2], phase);
  const y = floatTensor(
    Array.from({ length: size }, (_, i) => x.data[2 * i]! * x.data[2 * i + 1]!),
    [size, 1],
  );
  return { x, y };
};

const create = (options: Partial<TrainStepOptions> = {}, batch = BATCH) =>
  createTrainStep({
    device,
    loss: objective,
    inputs: { x: { shape: [batch, 2], dtype: "float32" }, y: { shape: [batch, 1], dtype: "float32" } },
    params: params(),
    trainable: ["w1", "b1", "w2"],
    ...options,
  });

const nan = (batch: { x: FloatTensor; y: FloatTensor }): Tensors => ({
  ...batch,
  x: { ...batch.x, data: batch.x.data.with(3, Number.NaN) },
});

describe("train step", () => {
  it("lowers the loss of a small network", async () => {
    const train = await create();
    const batch = batchOf(BATCH, 0.3);
    const first = await train.step([batch], 0.02);
    let last = first;
    for (let i = 0; i < 150; i++) last = await train.step([batch], 0.02);
    assert.ok(last.loss < first.loss / 10, `${first.loss} → ${last.loss}`);
    assert.ok(Number.isFinite(last.metrics.mean) && last.gradNorm > 0);
    assert.equal((await train.state()).step, 151);
    await train.dispose();
  });

  it("moves only what is trainable and never the caller's tensors", async () => {
    const given = params();
    const train = await create({ params: given, trainable: ["w2"] });
    await train.step([batchOf(BATCH, 0)], 0.1);
    assert.deepEqual(given, params());
    assert.deepEqual(Object.keys(await train.params()), ["w2"]);
    assert.notDeepEqual((await train.params()).w2, given.w2);
    await train.dispose();
  });

  it("skips, counts and reports a step that is not finite, bit for bit", async () => {
    const seen: StepResult[] = [];
    for (const accumulation of [1, 2]) {
      const train = await create({ accumulation, onSkip: (result) => seen.push(result) });
      const good = batchOf(BATCH, 0);
      const batches = (last: Tensors, first: Tensors = good) => (accumulation === 1 ? [last] : [first, last]);
      await train.step(batches(good), 0.1);
      const before = await train.state();
      const result = await train.step(batches(nan(good)), 0.1);
      if (accumulation === 2) await train.step(batches(good, nan(good)), 0.1);
      assert.equal(result.skipped, true);
      assert.equal(train.skippedSteps, accumulation);
      assert.deepEqual(await train.state(), before);
      const next = await train.step(batches(good), 0.1);
      assert.equal(next.skipped, false);
      assert.ok(Number.isFinite(next.loss));
      assert.equal((await train.state()).step, 2);
      await train.dispose();
    }
    assert.equal(seen.length, 3);
  });

  it("two half batches make the step of one full batch", async () => {
    const full = batchOf(BATCH, 0.7);
    const half = (from: number) => ({
      x: floatTensor(full.x.data.slice(from * 2, from * 2 + BATCH), [BATCH / 2, 2]),
      y: floatTensor(full.y.data.slice(from, from + BATCH / 2), [BATCH / 2, 1]),
    });
    for (const clip of [null, 0.01]) {
      const whole = await create({ clip });
      const halves = await create({ clip, accumulation: 2 }, BATCH / 2);
      for (let i = 0; i < 3; i++) {
        const a = await whole.step([full], 0.05);
        const b = await halves.step([half(0), half(BATCH / 2)], 0.05);
        assert.ok(Math.abs(a.loss - b.loss) < 1e-5);
        assert.ok(Math.abs(a.gradNorm - b.gradNorm) < 1e-4);
        assert.ok(Math.abs(a.metrics.mean! - b.metrics.mean!) < 1e-5);
      }
      for (const [name, { data }] of Object.entries(await whole.params())) {
        const other = (await halves.params())[name]!.data;
        data.forEach((value, i) => {
          assert.ok(Math.abs(value - other[i]!) < 1e-4, `${name}[${i}]: ${value} and ${other[i]}`);
        });
      }
      await whole.dispose();
      await halves.dispose();
    }
  });

  it("continues from a restored state with the same bits", async () => {
    const batch = batchOf(BATCH, 0);
    const original = await create();
    for (let i = 0; i < 3; i++) await original.step([batch], 0.01);
    const saved = await original.state();
    const copy = await create({ params: { ...params(), w1: wave([2, 8], 9) } });
    await copy.restore(saved);
    await original.step([batch], 0.01);
    await copy.step([batch], 0.01);
    assert.deepEqual(await copy.state(), await original.state());
    assert.equal(saved.step, 3);
    const misshapen = { ...saved, m: { ...saved.m, w2: wave([1, 8], 0) } };
    await assert.rejects(copy.restore(misshapen), coded("TRAIN_STATE"));
    const { w1, ...missing } = saved.params;
    await assert.rejects(copy.restore({ ...saved, params: missing }), coded("TRAIN_STATE"));
    await assert.rejects(copy.restore({ ...saved, v: { ...saved.v, other: w1! } }), coded("TRAIN_STATE"));
    await original.dispose();
    await copy.dispose();
  });

  it("continues from a state that is read a tensor at a time, and begins its moments anew where one cannot be read", async () => {
    const batch = batchOf(BATCH, 0);
    const original = await create();
    for (let i = 0; i < 3; i++) await original.step([batch], 0.01);
    const saved = await original.state();
    const copy = await create({ params: { ...params(), w1: wave([2, 8], 9) } });
    const read: string[] = [];
    const source = (part: "params" | "m" | "v", fails?: string): FloatSource => {
      const whole = inMemory(saved[part]);
      return {
        ...whole,
        async read(name) {
          read.push(`${part} ${name}`);
          if (name === fails) throw new BlockZeroError("FILE_UNREADABLE", "it is gone", "look for it");
          return whole.read(name);
        },
      };
    };
    await copy.resume({ params: source("params"), m: source("m"), v: source("v"), step: saved.step });
    assert.deepEqual(await copy.state(), saved);
    assert.equal(new Set(read).size, read.length);
    const last = Object.keys(saved.v).sort().at(-1);
    await assert.rejects(copy.resume({ m: source("m"), v: source("v", last), step: 3 }), coded("FILE_UNREADABLE"));
    const { params: kept, m, v, step } = await copy.state();
    assert.deepEqual(kept, saved.params);
    assert.equal(step, 0);
    for (const { data } of [...Object.values(m), ...Object.values(v)]) assert.ok(data.every((value) => value === 0));
    await original.dispose();
    await copy.dispose();
  });

  it("reads whole parameters while a step runs, and runs one step at a time", async () => {
    const train = await create();
    const batch = batchOf(BATCH, 0);
    const before = await train.state();
    const running = train.step([batch], 0.1);
    assert.deepEqual(await train.state(), before);
    await assert.rejects(train.step([batch], 0.1), coded("TRAIN_BUSY"));
    await assert.rejects(train.restore(before), coded("TRAIN_BUSY"));
    await running;
    assert.notDeepEqual(await train.params(), before.params);
    const last = train.step([batch], 0.1);
    await train.dispose();
    assert.equal((await last).skipped, false);
  });

  it("refuses options, batches and rates that make no step", async () => {
    await assert.rejects(create({ trainable: ["w9"] }), coded("TRAIN_OPTIONS"));
    await assert.rejects(create({ trainable: [] }), coded("TRAIN_OPTIONS"));
    await assert.rejects(create({ accumulation: 0 }), coded("TRAIN_OPTIONS"));
    await assert.rejects(create({ clip: 0 }), coded("TRAIN_OPTIONS"));
    const vector: Objective = (graph, weights, inputs) => ({
      loss: op.reduceMean(op.matmul(inputs.x!, weights.w1!), [0, 1]),
      metrics: { vector: graph.constant([1, 2], [2]) },
    });
    await assert.rejects(create({ loss: vector, trainable: ["w1"] }), coded("TRAIN_METRIC"));
    const train = await create();
    await assert.rejects(train.step([], 0.1), coded("TRAIN_BATCH"));
    await assert.rejects(train.step([batchOf(BATCH, 0)], Number.NaN), coded("TRAIN_RATE"));
    await assert.rejects(train.step([batchOf(3, 0)], 0.1), coded("GRAPH_FEED"));
    assert.equal((await train.step([batchOf(BATCH, 0)], 0.1)).skipped, false);
    await train.dispose();
  });
});

describe("the two ways of stepping", () => {
  /** The CPU as a device that keeps its memory to itself. */
  const apart = { ...device, hostMemory: false };

  it("agree, with and without clipping, accumulation and steps that are not taken", async () => {
    for (const [clip, accumulation] of [
      [1, 1],
      [0.01, 3],
      [null, 2],
    ] as const) {
      const trains = [await create({ clip, accumulation }), await create({ clip, accumulation, device: apart })];
      const batches = [0, 1, 2].map((phase) => batchOf(BATCH, phase)).slice(0, accumulation);
      const run = async (train: (typeof trains)[number]) => {
        const results = [await train.step(batches, 0.05), await train.step(batches.slice(0, 1), 0.02)];
        results.push(await train.step([...batches.slice(1), nan(batches[0]!)], 0.02));
        results.push(await train.step(batches, 0.02, () => true), await train.step(batches, 0.01));
        return { results, state: await train.state() };
      };
      const [beside, within] = [await run(trains[0]!), await run(trains[1]!)];
      assert.deepEqual(
        beside.results.map(({ skipped, refused }) => [skipped, refused]),
        within.results.map(({ skipped, refused }) => [skipped, refused]),
      );
      for (const [i, { loss, gradNorm }] of within.results.entries()) {
        if (!Number.isFinite(gradNorm)) continue;
        assert.ok(Math.abs(beside.results[i]!.loss - loss) < 1e-5);
        assert.ok(Math.abs(beside.results[i]!.gradNorm - gradNorm) < 1e-4 * Math.max(1, gradNorm));
      }
      assert.equal(beside.state.step, within.state.step);
      for (const part of ["params", "m", "v"] as const) {
        for (const [name, { data }] of Object.entries(within.state[part])) {
          const other = beside.state[part][name]!.data;
          const largest = Math.max(...data.map(Math.abs));
          data.forEach((value, i) => {
            assert.ok(Math.abs(value - other[i]!) < 1e-4 * largest, `${part} ${name}[${i}]: ${other[i]} for ${value}`);
          });
        }
      }
      for (const train of trains) await train.dispose();
    }
  });

  it("end before the next micro-batch when they are told to, and have changed nothing", async () => {
    for (const own of [device, apart]) {
      const reason = new Error("it is stopped");
      let over = new AbortController();
      let runs = 0;
      let last = Number.POSITIVE_INFINITY;
      const counting = atEachRun(own, () => {
        if (++runs === last) over.abort(reason);
      });
      const train = await create({ accumulation: 3, device: counting });
      const batches = [0, 1, 2].map((phase) => batchOf(BATCH, phase));
      await train.step(batches, 0.05);
      const before = await train.state();
      for (last = 1; last < batches.length; last++) {
        over = new AbortController();
        runs = 0;
        await assert.rejects(
          train.step(batches, 0.05, () => false, over.signal),
          reason,
        );
        assert.equal(runs, last);
        assert.deepEqual(await train.state(), before);
      }
      const other = await create({ accumulation: 3, device: own });
      await other.step(batches, 0.05);
      last = Number.POSITIVE_INFINITY;
      assert.deepEqual(await train.step(batches, 0.05), await other.step(batches, 0.05), "and go on as if never begun");
      assert.deepEqual(await train.state(), await other.state());
      await train.dispose();
      await other.dispose();
    }
  });

  it("give the same bits on any number of threads", async () => {
    const trainOn = async (threads: number) => {
      const train = await create({ device: onnxCpu({ threads }), accumulation: 2 });
      for (let i = 0; i < 4; i++) await train.step([batchOf(BATCH, i), batchOf(BATCH, i + 0.5)], 0.05);
      const state = await train.state();
      await train.dispose();
      return state;
    };
    assert.deepEqual(await trainOn(2), await trainOn(1));
  });
});

describe("evaluator", () => {
  it("scores a base and replaced parameters with one program", async () => {
    const batch = batchOf(BATCH, 0);
    const inputs = { x: { shape: [BATCH, 2], dtype: "float32" }, y: { shape: [BATCH, 1], dtype: "float32" } } as const;
    const evaluator = await createEvaluator({ device, loss: objective, inputs, params: params() });
    const train = await create();
    const base = await evaluator.evaluate({}, batch);
    const { loss } = await train.step([batch], 0.01);
    assert.ok(Math.abs(base.loss - loss) < 1e-6);
    const moved = await evaluator.evaluate(await train.params(), batch);
    assert.ok(moved.loss < base.loss);
    assert.deepEqual(await evaluator.evaluate({}, batch), base);
    await assert.rejects(evaluator.evaluate({ w7: wave([1], 0) }, batch), coded("GRAPH_FEED"));
    await assert.rejects(evaluator.evaluate({ w1: wave([1], 0) }, batch), coded("GRAPH_FEED"));
    await evaluator.dispose();
    await train.dispose();
  });
});
