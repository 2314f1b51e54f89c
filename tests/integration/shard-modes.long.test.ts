import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import { loadModel, wholeModel } from "#shared/participant/agreement/base-model.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { parameters, template } from "#tests/support/micro-network.js";
import { liveThrough, MINERS, openPrograms } from "#tests/support/programs.js";
import { openSubnet } from "#tests/support/subnet.js";
import { openMeter } from "#tests/support/validator.js";

describe("two validators and two miners whose shards are full", { timeout: HANG_GUARD }, () => {
  it("make a better model together, and a miner fetches the other group's weights of each cycle", async (t) => {
    const model = { ...template.model, shard: { mode: "full" } as const };
    const subnet = await openSubnet(t, { miners: [...MINERS, "observer"], network: { model } });
    const programs = await openPrograms(t, subnet);
    for (const name of programs.names) await programs.start(name);
    const first = await liveThrough(subnet, programs, 1);
    const second = await liveThrough(subnet, programs, 2);
    assert.deepEqual(programs.errors(), []);
    for (const { models, merged } of [first, second]) {
      assert.equal(models[0], models[1], "both validators made the same bits");
      for (const { merged: uids } of merged) assert.deepEqual([...(uids as number[])].sort(), MINERS.map(subnet.uid));
    }
    const observer = await subnet.join("observer");
    const made = await loadModel(observer, second.models[0]!);
    assert.ok(!("shard" in made.manifest.config));
    const meter = await openMeter(t, subnet);
    const before = await heldOutLosses(meter, subnet.network, parameters);
    const after = await heldOutLosses(meter, subnet.network, wholeModel(made));
    assert.ok(after.math!.loss < before.math!.loss, `${before.math!.loss} → ${after.math!.loss}`);
  });
});
