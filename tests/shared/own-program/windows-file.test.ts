import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { createWindowsFile } from "#shared/own-program/windows-file.js";
import { parseSafetensors } from "#shared/tensor-files/safetensors.js";
import { temporaryFolder } from "../artifact/temporary.js";

it("windows are int32 rows in the batches' order, with starts of isolated documents alone", async (t) => {
  const batch = (first: bigint) => ({
    ids: BigInt64Array.of(first, first + 1n),
    targets: BigInt64Array.of(first + 1n, -1n),
    starts: BigInt64Array.of(0n, 1n),
    counted: 1,
    bytes: 1,
    batchSize: 1,
    sequenceLength: 2,
  });
  for (const isolated of [false, true]) {
    const path = join(temporaryFolder(t), "windows.safetensors");
    const file = await createWindowsFile(path, { count: 2, sequenceLength: 2, isolated });
    for (const first of [3n, 7n]) await file.write(batch(first));
    await file.finish();
    const { tensors } = parseSafetensors(readFileSync(path));
    const read = [...tensors].map(([name, { dtype, shape, data }]) => [
      name,
      dtype,
      shape,
      [...new Int32Array(new Uint8Array(data).buffer)],
    ]);
    assert.deepEqual(read, [
      ["ids", "I32", [2, 2], [3, 4, 7, 8]],
      ...(isolated ? [["starts", "I32", [2, 2], [0, 1, 0, 1]]] : []),
      ["targets", "I32", [2, 2], [4, -1, 8, -1]],
    ]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }
});
