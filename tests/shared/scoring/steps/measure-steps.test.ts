import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";
import { highestBound } from "#shared/scoring/steps/highest-bound.js";
import { measureSteps } from "#shared/scoring/steps/measure-steps.js";

const BATCHES = 128;
const rules = { confidence: 0.995, batches: BATCHES };

/** Steps that go equally far. */
const alike = (count: number): readonly number[] => Array.from({ length: count }, () => 1);

/** Losses of batches that differ by far more than the steps do; each step has a mean effect and some spread of its own. */
const lossesOf = (seed: string, effects: readonly number[], spread = 0.02, batches = BATCHES) => {
  const random = createRandom(seed);
  const base = Array.from({ length: batches }, () => 2 + 0.5 * normal(random));
  const after = effects.map((effect) => base.map((loss) => loss - effect + spread * normal(random)));
  return async (candidate: number | null, from: number, to: number) =>
    (candidate === null ? base : after[candidate]!).slice(from, to);
};

describe("measuring candidate steps", () => {
  it("finds the best, approves what is better than the base and nothing that is worse", async () => {
    const effects = [0.01, 0.03, -0.02, 0.05];
    const { approved, best } = await measureSteps({ rules, reaches: alike(4), losses: lossesOf("clear", effects) });
    assert.equal(best, 3);
    assert.equal(approved[2], false);
    assert.equal(approved[3], true);
  });

  it("finds of those that gain at least three quarters of what the best gains the one that goes farthest", async () => {
    const effects = [0.05, 0.045, 0.042, 0.025];
    const measured = (reaches: readonly number[]) => measureSteps({ rules, reaches, losses: lossesOf("far", effects) });
    assert.equal((await measured([0.5, 1, 2, 7])).best, 2, "the last one gains too little");
    assert.equal((await measured([0.5, 2, 1, 7])).best, 1);
    assert.equal((await measured([7, 2, 1, 0.5])).best, 0);
    assert.deepEqual((await measured([0.5, 1, 2, 7])).approved.slice(0, 3), [true, true, true]);
  });

  it("takes the one that gains most where a farther one cannot be approved", async () => {
    let [leader, none] = [0, 0];
    for (let trial = 0; trial < 100; trial++) {
      const losses = lossesOf(`far ${trial}`, [0.012, 0.001]);
      const { best } = await measureSteps({ rules, reaches: [1, 2], losses });
      assert.notEqual(best, 1);
      if (best === 0) leader++;
      else none++;
    }
    assert.ok(leader >= 95, `the leader ${leader} times, none ${none} times`);
  });

  it("stops early where all is clear, and goes on where it is not", async () => {
    const clear = await measureSteps({ rules, reaches: alike(3), losses: lossesOf("early", [0.2, 0.05, -0.2]) });
    assert.equal(clear.best, 0);
    assert.equal(
      clear.passes,
      4 * 8 + 2 * 56,
      "one look of 8 batches at the base and three steps, then half of all at the best",
    );
    assert.equal(clear.isShort, false, "the rules ended it");
    const hopeless = await measureSteps({ rules, reaches: alike(2), losses: lossesOf("none", [-0.1, -0.2]) });
    assert.deepEqual([hopeless.best, hopeless.passes], [null, 3 * 8]);
    const close = await measureSteps({ rules, reaches: alike(2), losses: lossesOf("close", [0.003, 0.002]) });
    assert.ok(close.passes > clear.passes);
  });

  /** Of each candidate a gain on nearly every batch, and what it adds to the loss of one in so many. */
  const rarely = (
    seed: string,
    effects: readonly { readonly gain: number; readonly ruin: number }[],
    one: number,
    spread = 0.02,
  ) => {
    const random = createRandom(seed);
    const rare = Array.from({ length: 4 * BATCHES }, () => random.next() * one < 1);
    const after = effects.map(({ gain, ruin }) =>
      rare.map((is) => 2 - gain + (is ? ruin : 0) + spread * normal(random)),
    );
    return async (candidate: number | null, from: number, to: number) =>
      candidate === null ? rare.slice(from, to).map(() => 2) : after[candidate]!.slice(from, to);
  };

  it("measures the best on enough batches to see that it ruins rare text", async () => {
    const found = { ruins: 0, cleans: 0, passes: 0 };
    for (let trial = 0; trial < 100; trial++) {
      const { approved, best, passes } = await measureSteps({
        rules: { ...rules, batches: 4 * BATCHES },
        // Four along the one that ruins one batch in fifty, and one that does not.
        reaches: [1, 2, 7, 0.5, 1],
        losses: rarely(
          `rare ${trial}`,
          [
            { gain: 0.05, ruin: 5 },
            { gain: 0.049, ruin: 5 },
            { gain: 0.048, ruin: 5 },
            { gain: 0.04, ruin: 5 },
            { gain: 0.03, ruin: 0 },
          ],
          50,
        ),
      });
      if (best === 4) found.cleans++;
      else if (best !== null) found.ruins++;
      if (best === 4) assert.deepEqual(approved.slice(0, 4), [false, false, false, false], "nor its likes");
      found.passes += passes / 100;
    }
    assert.ok(found.cleans >= 85, `the clean one ${found.cleans} times, one that ruins ${found.ruins} times`);
  });

  it("goes back to a step that left for the sake of ones that ruin rare text, before any was approved", async () => {
    let cleans = 0;
    for (let trial = 0; trial < 100; trial++) {
      const { best } = await measureSteps({
        rules: { ...rules, batches: 4 * BATCHES },
        // Four along an update that ruins one batch in twenty, and one along another. The first look approves none of them.
        reaches: [1, 2, 7, 0.5, 1],
        losses: rarely(
          `before ${trial}`,
          [...[0.05, 0.049, 0.048, 0.047].map((gain) => ({ gain, ruin: 2 })), { gain: 0.03, ruin: 0 }],
          20,
          0.05,
        ),
      });
      if (best === 4) cleans++;
    }
    assert.ok(cleans >= 95, `the clean one ${cleans} times`);
  });

  it("approves no more what is not finite on later batches", async () => {
    const losses = lossesOf("late", [0.2, 0.1]);
    const { approved, best } = await measureSteps({
      rules,
      reaches: alike(2),
      losses: async (candidate, from, to) =>
        (await losses(candidate, from, to)).map((loss, i) => (candidate === 0 && from + i === 40 ? Number.NaN : loss)),
    });
    assert.deepEqual([approved, best], [[false, true], 1]);
  });

  it("approves a step that is no better than the base in less than half a percent of all measurements", async () => {
    let wrong = 0;
    for (let trial = 0; trial < 1000; trial++) {
      const losses = lossesOf(`null ${trial}`, [0, 0, 0, 0]);
      if ((await measureSteps({ rules, reaches: alike(4), losses })).best !== null) wrong++;
    }
    assert.ok(wrong <= 10, `${wrong} of 1000`);
  });

  it("finds of a third of a batch's spread most on four times the batches, with a third of all passes", async () => {
    const effects = [0.25, 0.7, 1, 0.85].map((part) => part * 0.007);
    const found = { steps: 0, passes: 0 };
    for (let trial = 0; trial < 100; trial++) {
      const { best, passes } = await measureSteps({
        rules: { ...rules, batches: 4 * BATCHES },
        reaches: alike(effects.length),
        losses: lossesOf(`small ${trial}`, effects, 0.02, 4 * BATCHES),
      });
      found.steps += best === null ? 0 : 1;
      found.passes += passes / 100;
    }
    assert.ok(found.steps >= 90, `found ${found.steps} of 100`);
    assert.ok(found.passes <= (4 * BATCHES * 5) / 3, `${found.passes} passes`);
  });

  it("neither approves nor follows a step whose loss is not finite, and approves nothing on such a base", async () => {
    const losses = lossesOf("nan", [0.2, 0.1]);
    const measure = (broken: number | null) =>
      measureSteps({
        rules,
        reaches: alike(2),
        losses: async (candidate, from, to) =>
          candidate === broken ? Array.from({ length: to - from }, () => Number.NaN) : losses(candidate, from, to),
      });
    assert.deepEqual([(await measure(0)).approved, (await measure(0)).best], [[false, true], 1]);
    assert.deepEqual([(await measure(null)).approved, (await measure(null)).best], [[false, false], null]);
  });

  it("begins no look that it could not end in time, and leaves out one that takes longer than foreseen", async () => {
    /** The first look's 24 passes take a millisecond each, the later ones `later`. */
    const measureFor = async (milliseconds: number, later = 1) => {
      let at = 0;
      let passed = 0;
      const losses = lossesOf("tardy", [0.003, 0.0029]);
      const { passes, reductions, isMeasured, isShort } = await measureSteps({
        rules,
        reaches: alike(2),
        losses: (candidate, from, to) => {
          at += (to - from) * (passed < 24 ? 1 : later);
          passed += to - from;
          return losses(candidate, from, to);
        },
        time: { now: () => at, left: () => milliseconds - at },
      });
      assert.ok(isShort);
      return { passes: passes / 8, batches: reductions.map(({ batches }) => batches), isMeasured, at };
    };
    assert.deepEqual(await measureFor(8), { passes: 1, batches: [0, 0], isMeasured: false, at: 8 });
    assert.deepEqual(await measureFor(23), { passes: 2, batches: [8, 0], isMeasured: true, at: 16 });
    assert.deepEqual(await measureFor(47), { passes: 3, batches: [8, 8], isMeasured: true, at: 24 });
    assert.deepEqual(await measureFor(48), { passes: 6, batches: [16, 16], isMeasured: true, at: 48 });
    assert.deepEqual(
      await measureFor(59, 3),
      { passes: 4, batches: [8, 8], isMeasured: true, at: 48 },
      "a part of a look is left out",
    );
  });

  it("decides by the last look's share of the error on what is at hand when time is up", async () => {
    /** Measures four steps, and has time for 56 passes. */
    const hurried = (seed: string, effects: readonly number[]) => {
      const losses = lossesOf(seed, effects);
      let passes = 0;
      return measureSteps({
        rules,
        reaches: alike(4),
        losses: (candidate, from, to) => {
          passes += to - from;
          return losses(candidate, from, to);
        },
        time: { now: () => passes, left: () => 56 - passes },
      });
    };
    const effects = [0.032, 0.034, 0.033, 0.034];
    let found = 0;
    let wrong = 0;
    for (let trial = 0; trial < 400; trial++) {
      const { best, reductions } = await hurried(`hurried ${trial}`, effects);
      if (best !== null) found++;
      assert.ok(Math.max(...reductions.map(({ batches }) => batches)) <= 16);
      // Who looks again with all batches blames nobody that was in a hurry, whatever the later ones say.
      if (best !== null) {
        const losses = lossesOf(`hurried ${trial}`, effects);
        const base = await losses(null, 0, BATCHES);
        const after = [
          ...(await losses(best, 0, reductions[best]!.batches)),
          ...base.slice(reductions[best]!.batches).map((loss) => loss + 1),
        ];
        assert.ok(highestBound(base, after, { confidence: rules.confidence, candidates: 4 }) > 0);
      }
      if ((await hurried(`hurried, nothing ${trial}`, [0, 0, 0, 0])).best !== null) wrong++;
    }
    assert.ok(found >= 320, `found ${found} of 400`);
    assert.ok(wrong <= 6, `${wrong} of 400`);
  });
});
