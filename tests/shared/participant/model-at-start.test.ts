import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runMiner } from "#miner/miner.js";
import { modelAtStart } from "#shared/participant/model-at-start.js";
import { blobsOf, type ModelManifest, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { silentLog } from "#shared/telemetry/log.js";
import { runValidator } from "#validator/validator.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet, until } from "../../support/subnet.js";

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

describe("the model that a program begins with", { timeout: HANG_GUARD }, () => {
  it("is waited for where the chain does not say which one it is, until validators agree on the next one", async (t) => {
    const subnet = await openSubnet(t, { retention: 18 });
    const network = shortHash(subnet.networkHash);
    const everybody = (record: string) => ({ vera: record, vito: record });
    await subnet.to(subnet.window(2, "exchange").start);
    await subnet.record(everybody(encodeRecord({ type: "held", network, cycle: 2, held: [] })));
    await subnet.to(subnet.window(3, "commit").start);
    const ann = await subnet.join("ann");
    let model: string | undefined;
    const found = modelAtStart(ann).then((hash) => {
      model = hash;
    });
    const waits = () => ann.lines.filter(({ fields }) => fields.code === "BASE_UNKNOWN");
    await until(t, () => waits().length === 1);
    await subnet.to(subnet.window(4, "merge").start);
    await until(t, () => waits().length === 2);
    assert.equal(model, undefined);
    assert.deepEqual(
      waits().map(({ level, fields }) => [level, fields.cycle]),
      [
        ["warn", 3],
        ["warn", 4],
      ],
    );
    const next = "b".repeat(64);
    const { location } = subnet;
    await subnet.record(everybody(encodeRecord({ type: "model", network, cycle: 4, model: next, location })));
    await until(t, async () => {
      await subnet.to(Math.min(subnet.node.head.number + 1, subnet.window(5, "train").end));
      return model !== undefined;
    });
    await found;
    assert.equal(model, next);
  });
});
