import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { storeMaterial, withRule } from "#bench/artifacts/merge-material.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import type { CodecName } from "#shared/protocol/codec-name.js";
import { bytesOfPart } from "#shared/protocol/model-manifest.js";
import type { MergeRule } from "#shared/protocol/network-file/training.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { temporaryFolder } from "../artifact/temporary.js";

const MERGE = fileURLToPath(new URL("../../../bench/artifacts/merge-process.js", import.meta.url));
const exec = promisify(execFile);

const MIB = 2 ** 20;
/** Elements a side of a tensor of 1 MiB, and experts, of three tensors each, that make a part of 66 MiB. */
const SIDE = 512;
const EXPERTS = 22;
const UPDATES = 4;

const open = async (t: TestContext, codec: CodecName) => {
  const folder = temporaryFolder(t);
  const blobs = join(folder, "blobs");
  const material = await storeMaterial(directoryStore(blobs), {
    experts: EXPERTS,
    side: SIDE,
    updates: UPDATES,
    codec,
  });
  const { weights } = Object.values(material.base.manifest.parts.groups)[0]!;
  assert.ok(bytesOfPart(weights) > 64 * MIB);
  return async (merge: MergeRule, workers: number): Promise<{ growth: number; model: string }> => {
    const path = join(folder, "material.json");
    await writeFile(path, JSON.stringify(withRule(material, merge)));
    return JSON.parse((await exec(process.execPath, [MERGE, blobs, path, String(workers)])).stdout);
  };
};

describe("a merge of parts of 66 MiB", { timeout: HANG_GUARD }, () => {
  // A tensor of each of the six files is 6 MiB: two such sets, or one a thread and one more. The rest is code, pages of the heap and threads.
  const most = 64 * MIB;
  const mostOfThreads = 112 * MIB;

  it("takes no more memory than some tensors do, with the same bits on one thread and on several", async (t) => {
    const run = await open(t, "float32");
    const usual: MergeRule = { rule: "weighted-mean", clip: "median-norm" };
    const alone = await run(usual, 0);
    const together = await run(usual, 2);
    assert.equal(together.model, alone.model);
    const pairs = await run({ rule: "geometric-median", iterations: 5 }, 0);
    assert.notEqual(pairs.model, alone.model);
    for (const { growth } of [alone, pairs]) assert.ok(growth < most, `${growth} bytes`);
    assert.ok(together.growth < mostOfThreads, `${together.growth} bytes`);
  });

  it("nor where updates must be decoded", async (t) => {
    const run = await open(t, "int8");
    const { growth } = await run({ rule: "trimmed-mean", trim: 0.2 }, 0);
    assert.ok(growth < most, `${growth} bytes`);
  });
});
