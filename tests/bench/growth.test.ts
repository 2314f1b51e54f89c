import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { growthOf, isLeak, type Sample } from "#bench/memory/growth.js";
import { createRandom } from "#shared/data/random.js";

const LEVEL = 200e6;
const STEPS = 4_000;
const EVERY = 25;

/** What a process would show after every 25 of 4,000 steps. */
const series = (bytesAt: (step: number) => number): readonly Sample[] =>
  Array.from({ length: STEPS / EVERY }, (_, i) => {
    const steps = (i + 1) * EVERY;
    return { steps, bytes: bytesAt(steps) };
  });

/** Pages that an allocator has taken and not given back yet: mostly few, now and then up to 5 % of the level. */
const pages = (seed: number) => {
  const random = createRandom(`growth/${seed}`);
  return () => 0.05 * LEVEL * random.next() ** 3;
};

describe("growthOf", () => {
  const seeds = fc.integer({ min: 0, max: 1e6 });

  test("takes no allocator's pages for a leak", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const noise = pages(seed);
        assert.ok(!isLeak(growthOf(series(() => LEVEL + noise()))));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test("finds a leak of 1.5 % in 1,000 steps under them, and how large it is", () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 0.015, max: 0.2, noNaN: true }), (seed, leak) => {
        const noise = pages(seed);
        const growth = growthOf(series((step) => LEVEL * (1 + (leak * step) / 1_000) + noise()));
        assert.ok(isLeak(growth));
        assert.ok(Math.abs(growth.slope * 1_000 - leak * LEVEL) < 0.004 * LEVEL, `${growth.slope}`);
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  test("forgives memory that settles, is taken once, or is given back", () => {
    const quiet = {
      settles: (step: number) => LEVEL * (1 - 0.05 * Math.exp(-step / 200)),
      "taken once, early": (step: number) => LEVEL * (step < 600 ? 1 : 1.02),
      "given back": (step: number) => LEVEL * (1.1 - (0.1 * step) / STEPS),
      "a saw": (step: number) => LEVEL * (1 + (0.05 * (step % 500)) / 500),
    };
    for (const [name, bytesAt] of Object.entries(quiet)) assert.ok(!isLeak(growthOf(series(bytesAt))), name);
  });

  test("is not deceived by a leak that collections hide for a while", () => {
    const saw = (step: number) => LEVEL * (1 + (0.02 * step) / 1_000 + (0.05 * (step % 500)) / 500);
    const stairs = (step: number) => LEVEL * (1 + 0.02 * Math.floor(step / 700));
    for (const bytesAt of [saw, stairs]) assert.ok(isLeak(growthOf(series(bytesAt))));
  });

  test("has no slope for a single sample", () => {
    assert.deepEqual(growthOf([{ steps: 1, bytes: 10 }]), { level: 10, slope: 0, share: 0 });
  });
});

describe("watchMemory", () => {
  const program = fileURLToPath(new URL("growth-process.js", import.meta.url));
  /** In a process of its own: pages that other tests have given back would hide what is kept. */
  const watched = (what: "keep" | "release") => {
    const { stdout, stderr } = spawnSync(process.execPath, [program, what], { encoding: "utf8" });
    assert.equal(stderr, "");
    return JSON.parse(stdout) as { samples: number; pieces: number; slope: number };
  };

  test("shows what every step keeps", () => {
    const { samples, pieces, slope } = watched("keep");
    assert.equal(samples, 24);
    assert.ok(slope > 0.8 * 2 ** 20 && slope < 1.3 * 2 ** 20, `${slope} bytes a step, ${pieces} MiB kept`);
  });

  test("shows nothing of what every step lets go", () => {
    const { pieces, slope } = watched("release");
    assert.ok(slope < 0.2 * 2 ** 20, `${slope} bytes a step, ${pieces} MiB held`);
  });
});
