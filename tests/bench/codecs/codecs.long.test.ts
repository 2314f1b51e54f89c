import assert from "node:assert/strict";
import { test } from "node:test";
import { CODECS, encodedLength } from "#shared/artifact/codec/index.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import { type CodecCase, codecCases, type Run, type Scale } from "../../../bench/codecs/cases.js";
import { compare, describeCase, isMissed } from "../../../bench/codecs/report.js";
import { type Outcome, openBench } from "../../../bench/codecs/train.js";
import { MICRO } from "../../shared/model/micro.js";

const scale: Scale = {
  model: { ...MICRO, vocab_size: 264, num_hidden_layers: 1 },
  sequenceLength: 16,
  batchSize: 4,
  pretrainingSteps: 8,
  innerSteps: 2,
  cycles: 4,
  learningRate: 1e-2,
  outer: { lr: 1, momentum: 0.5, merge: { rule: "weighted-mean", clip: "none" } },
};
const run = (change: Partial<Run> = {}): Run => ({
  name: "run",
  workers: 2,
  kind: "diloco",
  codec: "float32",
  lost: 0,
  ...change,
});

test("a run trains through its codec, sends what its files hold, and is the same when run again", async (t) => {
  const bench = await openBench(onnxCpu({ threads: 1 }), scale);
  t.after(() => bench.dispose());
  const shapes = parameterShapes(scale.model);
  const dense = await bench.train(run());
  assert.ok(dense.loss < bench.startLoss, `${bench.startLoss} → ${dense.loss}`);
  assert.equal((await bench.train(run())).loss, dense.loss);
  for (const codec of ["int8", "topk-2bit"] as const) {
    const outcome = await bench.train(run({ codec }));
    assert.ok(outcome.loss < bench.startLoss, codec);
    assert.notEqual(outcome.loss, dense.loss);
    const size = encodedLength(CODECS[codec], new Map(Object.entries(shapes)));
    assert.deepEqual([outcome.bytesPerCycle, outcome.bytes], [size, size * 2 * scale.cycles]);
  }

  const none = await bench.train(run({ lost: 1 }));
  assert.deepEqual([none.loss, none.bytes], [bench.startLoss, 0], "nothing arrives, nothing changes");
  const together = await bench.train(run({ kind: "data-parallel" }));
  assert.equal(together.bytes, 2 * scale.cycles * scale.innerSteps * 4 * countParameters(shapes));
});

test("a case says the gap to its first run, and whether a target is met", () => {
  const codecCase: CodecCase = {
    name: "test",
    what: "what it is",
    scale,
    runs: [run({ name: "first" }), run({ name: "good" }), run({ name: "bad" })],
    targets: { good: 0.01, bad: 0.01 },
  };
  const outcomes = codecCase.runs.map(
    (one, i): Outcome => ({ run: one, loss: [2, 2.01, 2.1][i]!, bytesPerCycle: 1e3, bytes: 1e6, seconds: 1 }),
  );
  const figures = compare(codecCase, { startLoss: 3, dataParallelBytes: (workers) => workers * 1e7 }, outcomes);
  assert.deepEqual(
    figures.runs.map(({ met, lessThanDataParallel }) => [met, lessThanDataParallel]),
    [
      [null, 20],
      [true, 20],
      [false, 20],
    ],
  );
  const text = describeCase(codecCase, figures);
  assert.match(text, /^ {2}good +2\.0100 +\+0\.50 % +≤ 1\.0 % met +1\.0 kB +1\.0 MB +20 ×$/m);
  assert.match(text, /bad .*MISSED/);
  assert.ok(isMissed([figures]));
  assert.ok(!isMissed([{ ...figures, runs: figures.runs.filter(({ name }) => name !== "bad") }]));
});

test("every target names a run of its case", () => {
  for (const { runs, targets } of codecCases)
    for (const name of Object.keys(targets)) assert.ok(runs.some((one) => one.name === name));
});
