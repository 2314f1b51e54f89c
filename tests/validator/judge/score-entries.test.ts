import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadModel } from "#shared/participant/agreement/base-model.js";
import { scoreEntries } from "#validator/judge/score-entries.js";
import { openMeter as openMeterFor } from "#validator/open-meter.js";
import { readBase } from "#validator/read-base.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet } from "../../support/subnet.js";
import { device } from "../../support/updates.js";
import { openMeter } from "../../support/validator.js";

describe("what a validator reads of the model", { timeout: HANG_GUARD }, () => {
  it("is no momentum of groups of which nothing is judged", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const base = await loadModel(vera, subnet.modelHash);
    const { math } = base.manifest.parts.groups;
    const parts = {
      ...base.manifest.parts,
      groups: { ...base.manifest.parts.groups, math: { ...math!, momentum: math!.weights } },
    };
    const opened: string[] = [];
    const participant: typeof vera = {
      ...vera,
      models: {
        ...vera.models,
        open: (blob, signal) => {
          opened.push(blob.hash);
          return vera.models.open(blob, signal);
        },
      },
    };
    const reader = {} as Parameters<typeof scoreEntries>[2];
    const { entries } = await scoreEntries(participant, await openMeter(t, subnet), reader, {
      cycle: 1,
      base: { ...base, manifest: { ...base.manifest, parts } },
      passed: [],
      late: Promise.resolve([]),
      seeds: { math: "11".repeat(32), prose: "22".repeat(32) },
      texts: new Map(),
      timer: undefined,
    });
    assert.deepEqual([entries, opened], [[], []]);
  });

  it("is verified once a cycle where it stays in its files", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const { meter } = await openMeterFor(vera, device, subnet.modelHash, 0);
    t.after(() => meter.dispose());
    const located: string[] = [];
    const models: typeof vera.models = {
      ...vera.models,
      locate: (blob, signal) => {
        located.push(blob.hash);
        return vera.models.locate(blob, signal);
      },
    };
    const read = (cycle: number) => readBase({ ...vera, models }, meter, cycle, subnet.modelHash);
    const first = await read(1);
    const once = located.length;
    assert.ok(once > 0);
    assert.equal(await read(1), first);
    assert.equal(located.length, once);
    await read(2);
    assert.equal(located.length, 2 * once);
  });
});
