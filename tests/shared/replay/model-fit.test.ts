import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { modelNamed } from "#shared/replay/base-model-hash.js";
import { isNoManifest, misfitOf } from "#shared/replay/model-fit.js";
import { template } from "../../support/micro-network.js";

const network: Network = { ...template, genesis: "0".repeat(64) };
const networkHash = "1".repeat(64);
const context = { network, networkHash };
const blob = { hash: "2".repeat(64), bytes: 8 };
const part = { weights: blob, momentum: null };
const fitting: ModelManifest = {
  version: 2,
  kind: "model",
  network: networkHash,
  cycle: 7,
  parent: "3".repeat(64),
  parts: { hub: blob, groups: { math: part, prose: part } },
  config: template.model,
  steps: { math: 1, prose: 0 },
  merged: [],
};

const misfits: readonly (readonly [ModelManifest, RegExp])[] = [
  [{ ...fitting, network: "4".repeat(64) }, /^it is of network 4{64}$/],
  [{ ...fitting, network: null }, /^it is of network null$/],
  [{ ...fitting, cycle: 6 }, /^it is of cycle 6$/],
  [{ ...fitting, config: { ...template.model, hidden_size: 1 } }, /^its config is not the network file's$/],
  [{ ...fitting, parts: { ...fitting.parts, groups: { math: part } } }, /^it has no group "prose"$/],
];

describe("a model manifest", () => {
  it("fits the cycle that it was made in, and no other, nor another network", () => {
    assert.equal(misfitOf(fitting, context, 7), null);
    for (const [manifest, why] of misfits) assert.match(misfitOf(manifest, context, 7) ?? "it fits", why);
  });

  it("that misfits or cannot be read is none, and one that nobody has is unknown", async () => {
    const named = (manifestOf: () => Promise<ModelManifest>) =>
      modelNamed(manifestOf, context, { cycle: 7, hash: "5".repeat(64) });
    const failing = (code: ErrorCode) => async (): Promise<ModelManifest> => {
      throw new BlockZeroError(code, "it failed", "try again");
    };
    assert.equal(await named(async () => fitting), "one");
    for (const [manifest] of misfits) assert.equal(await named(async () => manifest), "none");
    assert.equal(await named(failing("MODEL_MANIFEST_MALFORMED")), "none");
    assert.equal(await named(failing("FETCH_NOT_FOUND")), "unknown");
    await assert.rejects(named(failing("CHAIN_UNREACHABLE")), { code: "CHAIN_UNREACHABLE" });
  });

  it("failed to be read only where its bytes are to blame", () => {
    assert.ok(isNoManifest(new BlockZeroError("MODEL_MANIFEST_MALFORMED", "not canonical", "ask others")));
    assert.ok(!isNoManifest(new BlockZeroError("FETCH_NOT_FOUND", "gone", "ask others")));
    assert.ok(!isNoManifest(new TypeError("MODEL_MANIFEST_MALFORMED")));
  });
});
