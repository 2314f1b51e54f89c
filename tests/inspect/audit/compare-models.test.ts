import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { compareModels } from "#inspect/audit/compare-models.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { openSubnetFiles } from "#shared/subnet/files.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { template } from "#tests/support/micro-network.js";

const manifestWith = (hub: string): ModelManifest => ({
  ...({ version: 2, kind: "model", network: sha256(Buffer.from("network")), cycle: 1, parent: null } as const),
  parts: { hub: { hash: hub, bytes: 9 }, groups: {} },
  config: template.model,
  steps: {},
  merged: [],
});

test("what cannot be had of a model is told by its hash, and no other fault is hidden", async (t: TestContext) => {
  const folder = temporaryFolder(t);
  const ours = await directoryStore(folder).put(Buffer.from("ours"));
  const theirs = sha256(Buffer.from("theirs"));
  const files = openSubnetFiles({ folders: [folder] });
  t.after(() => files.close());
  const [recomputed, agreed] = [manifestWith(ours), manifestWith(theirs)];
  assert.equal(await compareModels(recomputed, agreed, files), `the hub is ${theirs}, not ${ours}`);
  const full = {
    ...files,
    open: async () => {
      throw new BlockZeroError("STORE_FAILED", "no space", "make some");
    },
  };
  await assert.rejects(compareModels(recomputed, agreed, full), { code: "STORE_FAILED" });
});
