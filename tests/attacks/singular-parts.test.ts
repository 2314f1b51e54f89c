import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { floatTensor } from "#shared/engine/tensor.js";
import { singularParts } from "./arena/singular-parts.js";

test("a matrix is the sum of its singular parts, which lie at right angles, the largest first", () => {
  const [rows, columns] = [6, 4];
  const random = createRandom("a matrix");
  const matrix = floatTensor(
    Array.from({ length: rows * columns }, () => random.next() - 0.5),
    [rows, columns],
  );
  const parts = singularParts(matrix);
  assert.equal(parts.length, columns);
  for (const [i, value] of matrix.data.entries()) {
    const sum = parts.reduce((total, part) => total + part[i]!, 0);
    assert.ok(Math.abs(sum - value) < 1e-6, `element ${i}`);
  }
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const sizes = parts.map((part) => Math.sqrt(dot(part, part)));
  for (const [i, part] of parts.entries())
    for (const [j, other] of parts.slice(0, i).entries()) {
      assert.ok(Math.abs(dot(part, other)) < 1e-3 * sizes[i]! * sizes[j]!, `parts ${i} and ${j}`);
      assert.ok(sizes[j]! >= sizes[i]! * (1 - 1e-6), `part ${j} is at least as large as ${i}`);
    }
});

test("nothing has no parts", () => {
  assert.deepEqual(singularParts(floatTensor([0, 0, 0, 0], [2, 2])), []);
});
