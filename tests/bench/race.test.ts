import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Contestant } from "#bench/step/contestant.js";
import { isDropped } from "#bench/step/dropped.js";
import { curveDifference, race, WARM_UP } from "#bench/step/race.js";
import { agrees, isMet, targetOf } from "#bench/step/targets.js";
import { BlockZeroError } from "#shared/errors/error.js";

/** One whose steps take what it is told, and that writes down when it runs. */
const contestant = (name: string, secondsAt: (step: number) => number, turns: string[] = []): Contestant => {
  let taken = 0;
  return {
    name,
    async run(count) {
      turns.push(name);
      const steps = Array.from({ length: count }, () => taken++);
      return { seconds: steps.map(secondsAt), losses: steps.map((step) => 8 - step / 100) };
    },
    processorSeconds: async () => 0,
    dispose: async () => undefined,
  };
};

const failing = (error: Error): Contestant => {
  const fail = () => Promise.reject(error);
  return { ...contestant("broken", () => 1), run: fail, processorSeconds: fail };
};

describe("race", () => {
  test("leaves the warm-up out of the times and in the losses", async () => {
    const { results } = await race([contestant("a", (step) => (step < WARM_UP ? 100 : 0.002 + step / 1e6))], 20);
    const [result] = results;
    assert.ok(result && !isDropped(result));
    assert.equal(result.losses.length, 20 + WARM_UP);
    assert.equal(result.first, 100);
    assert.ok(result.median > 2 && result.median < 2.1, `${result.median}`);
    assert.ok(Math.abs(result.fastest - 2.005) < 1e-9);
    assert.equal(result.outside, undefined);
  });

  test("gives everybody as many steps, in turns, and none the same place every round", async () => {
    const turns: string[] = [];
    const { results } = await race(
      ["a", "b", "c"].map((name) => contestant(name, () => 1, turns)),
      22,
    );
    for (const result of results) assert.ok(!isDropped(result) && result.losses.length === 22 + WARM_UP);
    const rounds = Array.from({ length: turns.length / 3 }, (_, i) => turns.slice(3 * i, 3 * i + 3).join(""));
    assert.deepEqual(rounds, ["abc", "abc", "bca", "cab", "abc", "bca"]);
  });

  test("tells the time outside the program where a contestant does", async () => {
    const whole = contestant("a", () => 0.01);
    const parted: Contestant = {
      ...whole,
      run: async (count) => {
        const steps = await whole.run(count);
        return { ...steps, inside: steps.seconds.map((second) => 0.9 * second) };
      },
    };
    const [result] = (await race([parted], 20)).results;
    assert.ok(result && !isDropped(result));
    assert.ok(Math.abs(result.outside! - 1) < 1e-9);
  });

  test("leaves out a peer that cannot take its first steps", async () => {
    const broken = failing(new BlockZeroError("BENCH_PEER", "no compiler", "install one"));
    const { results } = await race([contestant("a", () => 1), broken, contestant("b", () => 1)], 20);
    assert.deepEqual(results.map(isDropped), [false, true, false]);
    assert.deepEqual(results[1], { name: "broken", reason: "no compiler" });
  });

  test("goes on without a peer that fails in the middle, and the others take their steps", async () => {
    const turns: string[] = [];
    const fleeting = contestant("fleeting", () => 1, turns);
    const run = (count: number) =>
      turns.filter((name) => name === "fleeting").length < 3 ? fleeting.run(count) : gone();
    const gone = () => Promise.reject(new BlockZeroError("BENCH_PEER", "it died", "start another"));
    const field = [contestant("a", () => 1, turns), { ...fleeting, run }, contestant("b", () => 1, turns)];
    const { results, otherWork } = await race(field, 20);
    assert.deepEqual(results[1], { name: "fleeting", reason: "it died" });
    for (const result of [results[0]!, results[2]!])
      assert.ok(!isDropped(result) && result.losses.length === 20 + WARM_UP);
    assert.ok(otherWork >= 0 && Number.isFinite(otherWork));
    assert.equal(turns.filter((name) => name === "fleeting").length, 3);
  });

  test("leaves out a peer that no longer tells its processor seconds", async () => {
    const silent = failing(new BlockZeroError("BENCH_PEER", "it died", "start another"));
    const { results } = await race([contestant("a", () => 1), { ...silent, run: contestant("b", () => 1).run }], 20);
    assert.deepEqual(results.map(isDropped), [false, true]);
  });

  test("passes on who was left out before it", async () => {
    const dropped = { name: "b", reason: "it could not begin" };
    const { results } = await race([contestant("a", () => 1), dropped], 20);
    assert.deepEqual(results.map(isDropped), [false, true]);
    assert.equal(results[1], dropped);
  });

  test("does not hide a fault of our own", async () => {
    await assert.rejects(race([failing(new BlockZeroError("GRAPH_RUN", "bad", "mend it"))], 20), { code: "GRAPH_RUN" });
  });
});

describe("targets", () => {
  const targets = { eager: 1.5, compiled: 1.2, version1: 3 };

  test("are those of a peer's version and mode", () => {
    assert.equal(targetOf(targets, { version: "2.15.0+cpu", mode: "eager" }), 1.5);
    assert.equal(targetOf(targets, { version: "2.15.0+cpu", mode: "compiled" }), 1.2);
    assert.equal(targetOf(targets, { version: "1.13.0a0", mode: "eager" }), 3);
    assert.equal(targetOf({ version1: 2.5 }, { version: "2.15.0", mode: "eager" }), undefined);
  });

  test("are met from the target on, and neither met nor missed where there is none", () => {
    assert.equal(isMet(1.5, 1.5), true);
    assert.equal(isMet(1.49, 1.5), false);
    assert.equal(isMet(0.1, undefined), undefined);
  });
});

describe("loss curves", () => {
  test("differ by the largest relative difference of a step", () => {
    assert.equal(curveDifference([8, 4], [8, 4]), 0);
    assert.ok(Math.abs(curveDifference([8, 4.2, 2], [8, 4, 2.02]) - 0.05) < 1e-12);
  });

  test("agree within rounding, and not where one is no number", () => {
    assert.ok(agrees(1e-5));
    assert.ok(!agrees(2e-3));
    assert.ok(!agrees(curveDifference([8, Number.NaN], [8, 4])));
  });
});
