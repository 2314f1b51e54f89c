import assert from "node:assert/strict";
import { test } from "node:test";
import { gradients } from "#shared/engine/autodiff.js";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { floatTensor } from "#shared/engine/tensor.js";

const device = onnxCpu({ threads: 1 });

test("an auxiliary loss counts in the gradient, and not in the loss", async () => {
  const graph = new Graph();
  const [x, y] = ["x", "y"].map((name) => graph.input(name, [3]));
  const sum = (value: NonNullable<typeof x>) => op.reduceSum(value, [0]);
  // The loss is Σ x², and the term 5 Σ x y.
  const loss = sum(op.mul(op.auxiliaryLoss(x!, op.scale(sum(op.mul(x!, y!)), 5)), x!));
  const [byX, byY] = gradients(loss, [x!, y!]);
  const program = await device.compile(graph, { loss, byX: byX!, byY: byY! });
  const results = await program.run({ x: floatTensor([1, 2, 3], [3]), y: floatTensor([-1, 0, 4], [3]) });
  await program.dispose();
  const data = (name: string) => Array.from(results[name]!.data as Float32Array);
  assert.deepEqual(data("loss"), [14]);
  assert.deepEqual(data("byX"), [2 - 5, 4, 6 + 20]);
  assert.deepEqual(data("byY"), [5, 10, 15]);
});

test("an auxiliary loss is a float scalar", () => {
  const graph = new Graph();
  const x = graph.input("x", [3]);
  assert.throws(() => op.auxiliaryLoss(x, x), TypeError);
});
