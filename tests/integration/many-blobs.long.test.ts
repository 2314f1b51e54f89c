import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findModel, openModelStore } from "#inspect/model/model-store.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import { partLayout } from "#shared/model/part-layout.js";
import { openPart } from "#shared/parts/open-part.js";
import { type BlobRef, blobsOf, type PartRef } from "#shared/protocol/model-manifest.js";
import { compiled } from "#tests/support/compiled.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { livedHome } from "#tests/support/localnet-home.js";
import { template } from "#tests/support/micro-network.js";

const PROGRAM = compiled("cli/main.js");

const blockzero = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
};

/** Most parts of the micro model are several blobs, its embedding is larger than the limit. */
const PART_BYTES = 3000;

describe("a model whose parts are many blobs", { timeout: HANG_GUARD }, () => {
  it("is served, trained, merged, audited, exported, and writes", async (t) => {
    const network = { limits: { ...template.limits, part_bytes: PART_BYTES } };
    const { home, subnet } = await livedHome(t, { network });

    const store = await openModelStore(home);
    const { hash, manifest } = findModel(store, "latest");
    const { model, groups } = subnet.network;
    assert.equal(manifest.cycle, 2);
    const open = async (blob: BlobRef) => (await store.open(blob.hash))!;
    const check = async (part: PartRef, shapes: Readonly<Record<string, readonly number[]>>) => {
      const layout = partLayout(new Map(Object.entries(shapes)), PART_BYTES);
      assert.ok(layout.length > 1);
      assert.equal(blobsOf(part).length, layout.length);
      for (const [i, { tensors }] of layout.entries()) {
        const blob = await openPart(open, blobsOf(part)[i]!, null, "a blob");
        assert.deepEqual([...blob.tensors.keys()], [...tensors.keys()]);
        await blob.close();
      }
    };
    await check(manifest.parts.hub, hubShapes(model, groups));
    const { weights, momentum } = manifest.parts.groups.math!;
    for (const part of [weights, momentum!]) await check(part, groupShapes(model, groups.math!));

    assert.match(blockzero("audit", "--home", home), /^cycle 2 agrees/m);
    const out = join(home, "exported");
    assert.match(blockzero("model", "export", "--home", home, "--out", out), new RegExp(hash));
    const write = ["--prompt", "Call me", "--max-tokens", "8", "--temperature", "0"];
    const ofHome = blockzero("generate", "--home", home, "--model", "latest", ...write);
    assert.equal(blockzero("generate", "--model", out, ...write), ofHome);
  });
});
