import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { binomialAtLeast, binomialBelow } from "#shared/sprint/proof/binomial.js";
import { capWeights } from "#shared/sprint/proof/cap-weights.js";
import { nextDifficulty } from "#shared/sprint/proof/difficulty.js";
import { sprintWeight } from "#shared/sprint/proof/sprint-weight.js";
import { winsWeight } from "#shared/sprint/proof/wins-weight.js";

test("the difficulty aims at 400 wins, between one nonce in 8 and one in 900", () => {
  assert.deepEqual([0, 199, 400, 24_000, 45_000, 3000, 12e6].map(nextDifficulty), [8, 8, 8, 60, 113, 8, 900]);
  for (const nonces of [-1, Number.NaN, Infinity]) assert.throws(() => nextDifficulty(nonces), RangeError);
});

test("a weight's interval holds the numbers of nonces at which its wins are no surprise", () => {
  for (const [wins, difficulty] of [
    [0, 60],
    [1, 2],
    [4, 900],
    [400, 60],
  ] as const) {
    const { weight, low, high } = winsWeight(wins, difficulty);
    assert.equal(weight, wins * difficulty);
    assert.ok(low <= weight && weight <= high);
    const p = 1 / difficulty;
    if (low > wins) assert.ok(binomialAtLeast(wins, low, p) <= 0.025 && binomialAtLeast(wins, low + 2, p) > 0.0249);
    assert.ok(binomialBelow(wins + 1, high, p) <= 0.0251 && binomialBelow(wins + 1, high - 2, p) > 0.0249, `${high}`);
  }
});

test("at every nonce a win there is no uncertainty, and 400 wins have about ±10 %", () => {
  assert.deepEqual(winsWeight(1234, 1), { weight: 1234, low: 1234, high: 1234 });
  const { weight, low, high } = winsWeight(400, 900);
  assert.deepEqual([((100 * low) / weight).toFixed(1), ((100 * high) / weight).toFixed(1)], ["90.4", "110.3"]);
  const large = winsWeight(13_424, 900);
  assert.ok(large.high / large.low < 1.04);
  for (const [wins, difficulty, confidence] of [
    [-1, 1, 0.9],
    [1.5, 1, 0.9],
    [1, 0, 0.9],
    [1, 1, 1],
  ] as const)
    assert.throws(() => winsWeight(wins, difficulty, confidence), RangeError);
});

test("a weight is the least of measured, 1.25 times the recent median, and confirmed", () => {
  const of = (measured: number, history: number[], confirmations: number[] = []) =>
    sprintWeight({ measured, history, confirmations });
  assert.deepEqual(of(900, []), { weight: 900, bound: "measured" });
  assert.deepEqual(of(900, [400]), { weight: 500, bound: "growth" });
  assert.deepEqual(of(900, [5000, 100, 400, 200]), { weight: 250, bound: "growth" });
  assert.deepEqual(of(900, [700, 0, 0, 0]), { weight: 875, bound: "growth" });
  assert.deepEqual(of(900, [801, 800, 799], [950, 870]), { weight: 870, bound: "confirmed" });
  assert.deepEqual(of(900, [800], [870, 0]), { weight: 0, bound: "confirmed" });
});

test("hotkeys with next to no weight lower nobody's cap, however many, and in small networks nobody is cut to less than twice the others' mean", () => {
  const shareOfFirst = (weights: readonly number[]) => {
    const after = [...capWeights(new Map(weights.map((weight, i) => [`${i}`, weight]))).values()];
    return after[0]! / after.reduce((sum, weight) => sum + weight, 0);
  };
  for (let honest = 2; honest < 12; honest++) {
    const hosts = [50_000, ...Array.from({ length: honest - 1 }, () => 10_000)];
    for (const dust of [1, 7, 100]) {
      const crowd = [...hosts, ...Array.from({ length: dust }, () => 1)];
      assert.ok(Math.abs(shareOfFirst(crowd) - shareOfFirst(hosts)) < 0.01, `${honest} hosts, ${dust} of a nonce`);
    }
    assert.ok(shareOfFirst(hosts) >= Math.min(0.25, 5 / (4 + honest)) - 1e-4, `${honest}`);
  }
  const shares = [1, 2, 3, 4, 5, 6, 7, 8].map((n) =>
    shareOfFirst([10_000, ...Array.from({ length: n - 1 }, () => 1000)]),
  );
  assert.deepEqual(
    shares.map((share) => share.toFixed(3)),
    ["1.000", "0.667", "0.500", "0.400", "0.333", "0.286", "0.250", "0.250"],
  );
});

test("no host has more than the cap of what pays, and the order stays", () => {
  const capped = (weights: readonly number[], cap?: number) => [
    ...capWeights(new Map(weights.map((weight, i) => [`${i}`, weight])), cap).values(),
  ];
  assert.deepEqual(capped([]), []);
  assert.deepEqual(capped([0, 0]), []);
  assert.deepEqual(capped([700]), [700]);
  assert.deepEqual(capped([1000, 100]), [200, 100]);
  assert.deepEqual(capped([5, 6, 7]), [5, 6, 7]);
  assert.deepEqual(capped([1000, 100, 100, 100, 100, 100, 100]), [200, 100, 100, 100, 100, 100, 100]);
  assert.deepEqual(capped([1000, 1000, 100, 100, 100, 100, 100, 0]), [250, 250, 100, 100, 100, 100, 100]);
  fc.assert(
    fc.property(
      fc.array(fc.nat(1_000_000), { maxLength: 20 }),
      fc.integer({ min: 10_000, max: 1_000_000 }),
      (list, cap) => {
        const positive = list.filter((weight) => weight > 0);
        const after = capped(list, cap);
        assert.equal(after.length, positive.length);
        const sum = after.reduce((total, weight) => total + weight, 0);
        const [, ...others] = [...positive].sort((a, b) => b - a);
        const sumOf = (weights: readonly number[]) => weights.reduce((total, weight) => total + weight, 0);
        const middle = Math.min(
          ...others.filter((one) => 2 * sumOf(others.filter((weight) => weight <= one)) >= sumOf(others)),
        );
        const share = Math.max(cap / 1e6, 2 / (2 + others.filter((weight) => 10 * weight >= middle).length));
        const most = Math.max(...after);
        for (const [i, weight] of after.entries()) {
          assert.ok(weight <= share * sum * (1 + 1e-12), `${weight} of ${sum}`);
          assert.ok(weight === positive[i] || (weight === most && weight < positive[i]!));
          assert.ok(weight >= 1);
        }
      },
    ),
    { seed: 3, numRuns: 500 },
  );
});
