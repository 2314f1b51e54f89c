import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turnOfEvents } from "node:timers/promises";
import { loadModel } from "#shared/participant/agreement/base-model.js";
import { refused } from "#shared/protocol/parsed.js";
import { BLOCKS_TO_RECORD } from "#shared/protocol/phases.js";
import type { GatedUpdate } from "#shared/replay/gate-submission.js";
import { gateWithBlame } from "#validator/judge/gate-with-blame.js";
import { openGatedReader } from "#validator/judge/gated-cache.js";
import { openLossBook } from "#validator/judge/loss-book.js";
import { scoreEntries } from "#validator/judge/score-entries.js";
import { openSketches } from "#validator/judge/sketches.js";
import { openMeter as openMeterFor } from "#validator/open-meter.js";
import { readBase } from "#validator/read-base.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet, until } from "../../support/subnet.js";
import { device, forge, noiseUpdate, serve } from "../../support/updates.js";
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
    const judged = { ...base, manifest: { ...base.manifest, parts } };
    const sketches = openSketches(participant, judged, reader);
    t.after(() => sketches.close());
    const { entries } = await scoreEntries(participant, await openMeter(t, subnet), reader, {
      cycle: 1,
      base: judged,
      sketches,
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

describe("updates measured before a restart", { timeout: HANG_GUARD }, () => {
  it("are read beside the race, and one that is not read in time is abstained on: none of them makes a report late", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const base = await loadModel(vera, subnet.modelHash);
    const seeds = { math: "11".repeat(32), prose: "22".repeat(32) };
    const updates = ["ann", "bob"].map((miner) => {
      const tensors = noiseUpdate(subnet, miner, 0.01);
      const { artifact, submission, tensors: blob } = forge(subnet, { miner, tensors });
      const manifest = {} as GatedUpdate["manifest"];
      const { location } = subnet;
      return { submission, tensors, update: { group: "math", artifact, manifest, tensorsHash: blob.hash, location } };
    });
    const [ann, bob] = [updates[0]!, updates[1]!];
    const book = openLossBook(vera.home, base.hash, Object.values(seeds));
    const { eval_batches: batches } = subnet.network.scoring;
    const losses = (gain: number) => Array.from({ length: batches }, (_, i) => 2 - gain * (1 + (i % 3) / 10));
    book.add(seeds.math, null, losses(0));
    book.add(seeds.math, ann.update.artifact, losses(0.2));
    book.add(seeds.math, bob.update.artifact, losses(0.1));
    const read: string[] = [];
    const reader: Parameters<typeof scoreEntries>[2] = {
      load: () => Promise.reject(new TypeError("not asked for")),
      open: ({ artifact }) => {
        read.push(artifact);
        return artifact === ann.update.artifact
          ? Promise.resolve({ read: async (name) => ann.tensors[name]!.data, close: async () => {} })
          : new Promise<never>(() => {});
      },
      problemOf: () => null,
    };
    const meter = await openMeter(t, subnet);
    let isRacing = false;
    const ofGroup: typeof meter.ofGroup = async (...given) => {
      const measuring = await meter.ofGroup(...given);
      isRacing = true;
      return measuring;
    };
    const sketches = openSketches(vera, base, reader);
    t.after(() => sketches.close());
    const scored = scoreEntries(vera, { ...meter, ofGroup }, reader, {
      cycle: 1,
      base,
      sketches,
      passed: updates,
      late: Promise.resolve([]),
      seeds,
      texts: new Map([["prose", refused("no text")]]),
      timer: undefined,
    });
    scored.catch(() => {});
    await until(t, () => isRacing && read.includes(bob.update.artifact));
    // By losses that are known a race is over at once.
    await turnOfEvents();
    await subnet.to(subnet.window(1, "evaluate").end - BLOCKS_TO_RECORD);
    const { entries } = await scored;
    assert.deepEqual(
      entries.map(({ artifact, verdict, reason, independence }) => [artifact, verdict, reason, independence]),
      [
        [ann.update.artifact, "scored", null, 1],
        [bob.update.artifact, "abstained", "validator_failed", null],
      ],
    );
    assert.ok(vera.lines.some(({ message }) => message === "updates not all compared with each other"));
  });
});

describe("updates measured on the whole model", { timeout: HANG_GUARD }, () => {
  it("are compared before they are measured: runs on this thread leave reading no time beside them", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const base = await loadModel(vera, subnet.modelHash);
    const passed = ["ann", "bob"].map((miner) => {
      const tensors = noiseUpdate(subnet, miner, 0.01);
      const { artifact, submission, tensors: blob } = forge(subnet, { miner, tensors });
      const manifest = {} as GatedUpdate["manifest"];
      const { location } = subnet;
      const update = { group: "math", artifact, manifest, tensorsHash: blob.hash, location };
      return { submission, update, tensors: new Map(Object.entries(tensors)) };
    });
    const tensorsOf = new Map(passed.map(({ update, tensors }) => [update.artifact, tensors]));
    const compared = new Set<unknown>();
    const reader: Parameters<typeof scoreEntries>[2] = {
      load: async ({ artifact }) => tensorsOf.get(artifact)!,
      open: async ({ artifact }) => ({
        read: async (name) => {
          for (let turn = 0; turn < 10; turn++) await turnOfEvents();
          return tensorsOf.get(artifact)!.get(name)!.data;
        },
        close: async () => void compared.add(tensorsOf.get(artifact)),
      }),
      problemOf: () => null,
    };
    const meter = await openMeter(t, subnet);
    const ofGroup: typeof meter.ofGroup = async (...given) => {
      const measuring = await meter.ofGroup(...given);
      return {
        ...measuring,
        losses: (update, batches) => {
          assert.ok(update === null || compared.has(update));
          return measuring.losses(update, batches);
        },
      };
    };
    const sketches = openSketches(vera, base, reader);
    t.after(() => sketches.close());
    const { entries } = await scoreEntries(vera, { ...meter, ofGroup }, reader, {
      cycle: 1,
      base,
      sketches,
      passed,
      late: Promise.resolve([]),
      seeds: { math: "11".repeat(32), prose: "22".repeat(32) },
      texts: new Map(),
      timer: undefined,
    });
    assert.equal(entries.length, 2);
    assert.equal(compared.size, 2);
  });
});

describe("updates measured layer by layer", { timeout: HANG_GUARD }, () => {
  it("are read into one memory, however many hotkeys send one", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const { meter, model } = await openMeterFor(vera, device, subnet.modelHash, 0);
    t.after(() => meter.dispose());
    const base = await loadModel(vera, subnet.modelHash);
    const passed = [];
    for (const miner of ["ann", "bob"]) {
      const forged = forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) });
      await serve(subnet, forged);
      const gated = await gateWithBlame(vera, forged.submission, { base, cycle: 1 });
      assert.ok(gated.ok);
      passed.push({ submission: forged.submission, update: gated.update });
    }
    const { signal } = new AbortController();
    const reader = openGatedReader(vera, { until: signal, cacheBytes: 0 });
    /** By artifact: where the last tensor was read to. */
    const memories = new Map<string, ArrayBufferLike>();
    const watched: typeof reader = {
      ...reader,
      open: async (update, memory) => {
        const change = await reader.open(update, memory);
        return (
          change && {
            ...change,
            read: async (name) => {
              const elements = await change.read(name);
              memories.set(update.artifact, elements!.buffer);
              return elements;
            },
          }
        );
      },
    };
    const sketches = openSketches(vera, base, reader);
    t.after(() => sketches.close());
    const { entries } = await scoreEntries(vera, meter, watched, {
      cycle: 1,
      base: { ...base, hub: model },
      sketches,
      passed,
      late: Promise.resolve([]),
      seeds: { math: "11".repeat(32), prose: "22".repeat(32) },
      texts: new Map(),
      timer: undefined,
    });
    assert.deepEqual(new Set(entries.map(({ verdict }) => verdict)), new Set(["scored"]));
    assert.equal(memories.size, passed.length);
    assert.equal(new Set(memories.values()).size, 1);
  });
});

describe("late updates", { timeout: HANG_GUARD }, () => {
  it("are read beside the race and no longer than it may last: none of them makes a report late", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const base = await loadModel(vera, subnet.modelHash);
    const tensors = noiseUpdate(subnet, "ann", 0.01);
    const [ann, bob] = ["ann", "bob"].map((miner) => {
      const { artifact, submission, tensors: blob } = forge(subnet, { miner, tensors });
      const { location } = subnet;
      const update = {
        group: "math",
        artifact,
        manifest: {} as GatedUpdate["manifest"],
        tensorsHash: blob.hash,
        location,
      };
      return { submission, update };
    });
    const [loaded, read]: [string[], string[]] = [[], []];
    const change = { read: async (name: string) => tensors[name]!.data, close: async () => {} };
    const reader: Parameters<typeof scoreEntries>[2] = {
      load: ({ artifact }) => {
        loaded.push(artifact);
        return Promise.resolve(new Map(Object.entries(tensors)));
      },
      open: ({ artifact }) => {
        read.push(artifact);
        return artifact === ann!.update.artifact ? Promise.resolve(change) : new Promise<never>(() => {});
      },
      problemOf: () => null,
    };
    const sketches = openSketches(vera, base, reader);
    t.after(() => sketches.close());
    const scored = scoreEntries(vera, await openMeter(t, subnet), reader, {
      cycle: 1,
      base,
      sketches,
      passed: [ann!],
      late: Promise.resolve([bob!, { ...bob!, update: { ...bob!.update, artifact: "the next one" } }]),
      seeds: { math: "11".repeat(32), prose: "22".repeat(32) },
      texts: new Map(),
      timer: undefined,
    });
    scored.catch(() => {});
    await until(t, () => [...loaded, ...read].includes(bob!.update.artifact));
    await subnet.to(subnet.window(1, "evaluate").end - BLOCKS_TO_RECORD);
    const { entries } = await scored;
    assert.deepEqual(
      entries.map(({ artifact }) => artifact),
      [ann!.update.artifact],
    );
    assert.deepEqual(read, [ann!.update.artifact, bob!.update.artifact], "nor is one begun when the time is over");
    assert.ok(!loaded.includes(bob!.update.artifact), "who came late takes no memory from the race");
    assert.ok(vera.lines.some(({ message }) => message.startsWith("late updates not all read")));
  });
});
