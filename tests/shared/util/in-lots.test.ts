import assert from "node:assert/strict";
import { test } from "node:test";
import { inLots } from "#shared/util/in-lots.js";

test("a list is cut into lots in its order, of which the last may be shorter", () => {
  assert.deepEqual(inLots([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  assert.deepEqual(inLots([1, 2, 3, 4], 2), [
    [1, 2],
    [3, 4],
  ]);
  assert.deepEqual(inLots([1, 2], 8), [[1, 2]]);
  assert.deepEqual(inLots([1, 2], Number.POSITIVE_INFINITY), [[1, 2]]);
  assert.deepEqual(inLots([], 8), []);
});
