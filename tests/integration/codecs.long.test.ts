import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CODECS, encodedLength } from "#shared/artifact/codec/index.js";
import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import { groupShapeMap } from "#shared/model/groups.js";
import { loadModel, wholeModel } from "#shared/participant/agreement/base-model.js";
import { parseUpdateManifest } from "#shared/protocol/manifest.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { parameters } from "#tests/support/micro-network.js";
import { liveThrough, MINERS, openPrograms } from "#tests/support/programs.js";
import { openSubnet } from "#tests/support/subnet.js";
import { openMeter } from "#tests/support/validator.js";

describe("two validators and two miners that compress their updates", { timeout: HANG_GUARD }, () => {
  for (const codec of ["int8", "topk-2bit"] as const) {
    it(`make a better model together, with codec ${codec}`, async (t) => {
      const subnet = await openSubnet(t, { miners: [...MINERS, "observer"], network: { artifact: { codec } } });
      const programs = await openPrograms(t, subnet);
      for (const name of programs.names) await programs.start(name);

      const first = await liveThrough(subnet, programs, 1, {
        // What was not sent outlives the program.
        published: async () => {
          await programs.kill("ann");
          await programs.start("ann");
        },
      });
      const second = await liveThrough(subnet, programs, 2);
      assert.deepEqual(programs.errors(), []);
      for (const { models, merged } of [first, second]) {
        assert.equal(models[0], models[1], "both validators made the same bits");
        for (const { merged: uids } of merged) assert.deepEqual([...(uids as number[])].sort(), MINERS.map(subnet.uid));
      }

      const observer = await subnet.join("observer");
      const { network } = subnet;
      const size = encodedLength(CODECS[codec], groupShapeMap(network, "math"));
      const { merged } = await observer.models.manifest(second.models[0]!, observer.signal);
      const locations = await observer.models.servers();
      for (const { artifact } of merged) {
        const bytes = await observer.blobs.get({ hash: artifact, maxBytes: 4096, locations, signal: observer.signal });
        const manifest = parseUpdateManifest(bytes);
        assert.ok(manifest.ok);
        assert.deepEqual([manifest.value.codec, manifest.value.bytes], [codec, size]);
      }

      const meter = await openMeter(t, subnet);
      const before = await heldOutLosses(meter, network, parameters);
      const after = await heldOutLosses(meter, network, wholeModel(await loadModel(observer, second.models[0]!)));
      assert.ok(after.math!.loss < before.math!.loss, `${before.math!.loss} → ${after.math!.loss}`);
    });
  }
});
