import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runMiner } from "#miner/miner.js";
import { blobsOf, type ModelManifest, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { silentLog } from "#shared/telemetry/log.js";
import { runValidator } from "#validator/validator.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet } from "../../support/subnet.js";

describe("the genesis model, where nobody serves it", { timeout: HANG_GUARD }, () => {
  type Part = (manifest: ModelManifest, hash: string) => string;
  const files: readonly (readonly [string, Part])[] = [
    ["its manifest", (_, hash) => hash],
    ["its hub", ({ parts }) => blobsOf(parts.hub)[0]!.hash],
    ["a group's weights", ({ parts }) => blobsOf(parts.groups.math!.weights)[0]!.hash],
  ];
  for (const [name, fileOf] of files)
    it(`keeps out validator and miner, who are told of ${name} by hash, who should have it, and what to do`, async (t) => {
      const subnet = await openSubnet(t);
      const manifest = parseModelManifest((await subnet.store.get(subnet.modelHash))!);
      assert.ok(manifest.ok);
      const lost = fileOf(manifest.value, subnet.modelHash);
      await subnet.store.delete(lost);
      const missing = {
        code: "MODEL_MISSING",
        message: new RegExp(
          `^the files of the genesis model ${subnet.modelHash} cannot be had: .*${lost}.*; on chain are ${subnet.location}`,
        ),
        hint: /blockzero publish/,
      };
      await assert.rejects(runValidator(subnet.validatorConfig("vera"), silentLog, t.signal), missing);
      await assert.rejects(runMiner(subnet.minerConfig("ann"), silentLog, t.signal), missing);
    });
});
