import assert from "node:assert/strict";
import { test } from "node:test";
import { batchRows } from "#shared/data/batch-rows.js";

test("a batch's rows are its sequences, one under the other", () => {
  const batch = { ids: BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n), batchSize: 3, sequenceLength: 2 };
  assert.deepEqual(batchRows(batch), [BigInt64Array.of(1n, 2n), BigInt64Array.of(3n, 4n), BigInt64Array.of(5n, 6n)]);
});
