import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { minerSettings } from "#miner/config.js";
import { claimed, computing } from "#miner/sprint/claims.js";
import { isWithin } from "#miner/sprint/hours.js";
import { createPace } from "#miner/sprint/pace.js";
import { openPowerMeter } from "#miner/sprint/power.js";
import { isFree, search } from "#miner/sprint/search.js";
import { NO_DIGESTS } from "#shared/compute/profile/profile.js";
import { loadConfig } from "#shared/config/load.js";
import { createIdleGate } from "#shared/continuous/idle-gate.js";
import { hasCode } from "#shared/errors/error.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { HANG_GUARD } from "../../support/hang-guard.js";

const { signal } = new AbortController();
const settings = (flags: Record<string, string>) =>
  loadConfig(minerSettings, { env: {}, flags: { expert_group: "math", ...flags } }).compute;
const at = (hour: number) => Date.UTC(2026, 0, 1, hour, 59);

describe("compute.hours", () => {
  it("are ranges of hours of the day, over midnight too", () => {
    const { hours } = settings({ "compute.hours": "22-6,12-13" });
    const within = Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => isWithin(hours, at(hour)));
    assert.deepEqual(within, [0, 1, 2, 3, 4, 5, 12, 22, 23]);
    assert.ok(isWithin(settings({}).hours, at(7)));
  });

  it("are refused in any other form", () => {
    for (const text of ["", "6", "6-6", "24-3", "3-25", "a-b", "1-2-3", "-1-2"])
      assert.throws(
        () => settings({ "compute.hours": text }),
        (thrown) => hasCode(thrown, "CONFIG_INVALID_VALUE"),
        text,
      );
  });
});

describe("the pace of a Sprint", () => {
  const rests = async (share: number, watts: number | null, maxWatts?: number) => {
    const slept: number[] = [];
    const pace = createPace(
      { share, maxWatts },
      { watts: () => watts },
      async (milliseconds) => void slept.push(milliseconds),
    );
    await pace.rest(100, signal);
    return slept.map(Math.round);
  };

  it("rests as its share of the device asks for", async () => {
    assert.deepEqual(await rests(1, null), []);
    assert.deepEqual(await rests(0.25, null), [300]);
  });

  it("rests longer above the power that is allowed, where it can be read", async () => {
    assert.deepEqual(await rests(1, 200, 100), [100]);
    assert.deepEqual(await rests(1, 80, 100), []);
    assert.deepEqual(await rests(1, null, 100), []);
  });
});

describe("the power of the processor packages", () => {
  it("is the difference of their counters, one that began anew among them", (t) => {
    const folder = temporaryFolder(t);
    const zone = (name: string, energy: number) => {
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, "energy_uj"), `${energy}\n`);
      writeFileSync(join(folder, name, "max_energy_range_uj"), "1000000000\n");
    };
    zone("intel-rapl:0", 5_000_000);
    zone("intel-rapl:1", 990_000_000);
    zone("intel-rapl:0:0", 1);
    let now = 0;
    const meter = openPowerMeter(folder, () => now);
    zone("intel-rapl:0", 25_000_000);
    zone("intel-rapl:1", 10_000_000);
    now = 2000;
    assert.equal(meter.watts(), 20);
  });

  it("is unknown where there are no counters", (t) => {
    assert.equal(openPowerMeter(join(temporaryFolder(t), "none")).watts(), null);
  });
});

describe("a search", () => {
  it("goes through all nonces from 0 on, and stops by itself with time left", async () => {
    let batches = 0;
    const found = await search({
      batch: 8,
      compute: async ({ first }) => ({ wins: [first + 1, first + 5], digests: NO_DIGESTS }),
      most: () => 1000,
      pace: { rest: async () => {} },
      left: () => (batches < 3 ? Number.POSITIVE_INFINITY : 0),
      onBatch: () => void batches++,
      signal,
    });
    assert.deepEqual(found, { wins: [1, 5, 9, 13, 17, 21], nonces: 24 });
  });

  it("does not rest beyond its end, however small its share of the device", async (t) => {
    let now = 0;
    t.mock.method(performance, "now", () => now);
    const pass = async (milliseconds: number) => {
      now += milliseconds;
      return undefined;
    };
    const left = () => 100_000 - now;
    for (const share of [0.5, 0.25, 0.1, 0.001]) {
      now = 0;
      const found = await search({
        batch: 8,
        compute: async () => {
          await pass(6000);
          return { wins: [], digests: NO_DIGESTS };
        },
        most: () => 1000,
        pace: createPace({ share }, { watts: () => null }, pass),
        left,
        signal,
      });
      assert.ok(left() >= 0, `${share}: ${-left()} ms too late`);
      assert.ok(found.nonces >= 8);
    }
  });

  it("ends a rest where its time is over and nobody knew when", { timeout: HANG_GUARD }, async () => {
    const over = new AbortController();
    const found = await search({
      batch: 8,
      compute: async () => ({ wins: [3], digests: NO_DIGESTS }),
      most: () => 1000,
      pace: {
        rest: (_, until) =>
          new Promise((_resolve, reject) => {
            until.addEventListener("abort", () => reject(until.reason));
            setImmediate(() => over.abort(new Error("over")));
          }),
      },
      left: () => (over.signal.aborted ? 0 : Number.POSITIVE_INFINITY),
      until: over.signal,
      signal,
    });
    assert.deepEqual(found, { wins: [3], nonces: 8 });
  });

  it("ends a rest with the program's stop", { timeout: HANG_GUARD }, async () => {
    const stop = new AbortController();
    const stopped = search({
      batch: 8,
      compute: async () => ({ wins: [], digests: NO_DIGESTS }),
      most: () => 1000,
      pace: {
        rest: async (_, until) => {
          stop.abort(new Error("stopping"));
          until.throwIfAborted();
        },
      },
      left: () => Number.POSITIVE_INFINITY,
      signal: stop.signal,
    });
    await assert.rejects(stopped, /stopping/);
  });
});

describe("a search in idle time", () => {
  const options = { most: () => 10_000, pace: { rest: async () => {} }, left: () => Number.POSITIVE_INFINITY, signal };

  it("lets work wait for one batch at most, and leaves no gap between the nonces before and after it", async () => {
    const gate = createIdleGate();
    const over = new AbortController();
    const ranges: number[] = [];
    let duringWork = 0;
    const found = await search({
      ...options,
      turn: () => isFree(gate, over.signal),
      batch: 256,
      compute: async ({ first }) => {
        ranges.push(first);
        if (gate.working > 0) duringWork += 1;
        if (ranges.length === 3) void gate.work(() => new Promise((resolve) => setImmediate(resolve)));
        if (ranges.length === 5) over.abort(new Error("over"));
        return { wins: [first + 1], digests: NO_DIGESTS };
      },
    });
    assert.deepEqual(ranges, [0, 256, 512, 768, 1024]);
    assert.equal(duringWork, 0, "no batch begins while work is under way");
    assert.deepEqual(found, { wins: [1, 257, 513, 769, 1025], nonces: 1280 });
  });

  it("ends with what it has where work outlasts the time", async () => {
    const gate = createIdleGate();
    const over = new AbortController();
    let end: () => void = () => {};
    const work = new Promise<void>((resolve) => {
      end = resolve;
    });
    const found = await search({
      ...options,
      turn: () => isFree(gate, over.signal),
      batch: 8,
      compute: async () => {
        void gate.work(() => work);
        setImmediate(() => over.abort(new Error("over")));
        return { wins: [3], digests: NO_DIGESTS };
      },
    });
    assert.deepEqual(found, { wins: [3], nonces: 8 });
    end();
  });
});

describe("a padder", () => {
  it("leaves out a quarter of the nonces that a proof of all of them has, and gives these digests of others", async () => {
    const compute = async ({ first, count }: { first: number; count: number }) => ({
      wins: [first, first + 5],
      digests: Uint8Array.from({ length: 8 * count }, (_, i) => first + Math.floor(i / 8)),
    });
    const { wins, digests } = await computing("padder", compute)({ first: 8, count: 8 });
    assert.deepEqual(wins, [8, 13, 14]);
    assert.deepEqual(
      Array.from({ length: 8 }, (_, i) => digests[8 * i]),
      [8, 9, 10, 11, 12, 13, 8, 9],
    );
    assert.equal(computing("honest", compute), compute);
  });

  it("claims 5 % more wins than it found, all of nonces that it tried", () => {
    const found = { wins: Array.from({ length: 100 }, (_, i) => 20 * i + 3), nonces: 2000 };
    assert.deepEqual(claimed("honest", found), found);
    const { wins, nonces } = claimed("padder", found);
    assert.deepEqual([wins.length, nonces], [105, 2000]);
    assert.equal(new Set([...wins, ...found.wins]).size, 105);
    assert.deepEqual(
      wins,
      [...wins].sort((a, b) => a - b),
    );
    assert.ok(wins.every((nonce) => nonce < 2000));
    assert.equal(claimed("padder", { wins: [4], nonces: 256 }).wins.length, 2);
  });
});
