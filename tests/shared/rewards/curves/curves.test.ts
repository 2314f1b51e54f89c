import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type CurveSettings, rewardCurve } from "#shared/rewards/curves/reward-curve.js";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const curves: fc.Arbitrary<CurveSettings> = fc.oneof(
  fc.record({
    curve: fc.constant("top-n" as const),
    n: fc.integer({ min: 1, max: 20 }),
    decay: fc.oneof(
      fc.record({ ratio: fc.double({ min: 1, max: 50, noNaN: true }) }),
      fc.record({ exponent: fc.double({ min: 0, max: 5, noNaN: true }) }),
    ),
    floor: share,
  }),
  fc.record({
    curve: fc.constant("proportional" as const),
    exponent: fc.double({ min: 0.1, max: 10, noNaN: true }),
  }),
  fc.record({
    curve: fc.constant("rank-points" as const),
    points: fc
      .array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 20 })
      .map((points) => points.sort((a, b) => b - a)),
  }),
  fc.record({
    curve: fc.constant("two-groups" as const),
    leaders: fc.integer({ min: 1, max: 20 }),
    share,
  }),
);
const score = fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 10, noNaN: true }));
const field = fc.array(score, { maxLength: 40 }).map((scores) => scores.sort((a, b) => b - a));
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const closeTo = (a: number, b: number, tolerance = 1e-9) => assert.ok(Math.abs(a - b) <= tolerance, `${a} ≉ ${b}`);
const allCloseTo = (a: readonly number[], b: readonly number[], tolerance?: number) => {
  assert.equal(a.length, b.length);
  for (const [i, value] of a.entries()) closeTo(value, b[i]!, tolerance);
};
const check = { seed: 6, numRuns: 500 };

describe("every reward curve", () => {
  it("shares out the whole pool or, where nobody earned anything, none of it", () => {
    fc.assert(
      fc.property(curves, field, (settings, scores) => {
        const shares = rewardCurve(settings)(scores);
        assert.equal(shares.length, scores.length);
        for (const [place, part] of shares.entries()) assert.ok(part >= 0 && (scores[place]! > 0 || part === 0));
        closeTo(sum(shares), scores.some((value) => value > 0) ? 1 : 0);
      }),
      check,
    );
  });

  it("never pays a lower place more than a higher one", () => {
    fc.assert(
      fc.property(curves, field, (settings, scores) => {
        const shares = rewardCurve(settings)(scores);
        for (let place = 1; place < shares.length; place++)
          assert.ok(shares[place]! <= shares[place - 1]! + 1e-12, `${shares}`);
      }),
      check,
    );
  });

  it("never pays anyone less for a better score", () => {
    fc.assert(
      fc.property(curves, field, fc.nat(), share, (settings, scores, at, raise) => {
        fc.pre(scores.length > 0);
        const curve = rewardCurve(settings);
        const place = at % scores.length;
        const better = scores[place]! + raise;
        const others = scores.toSpliced(place, 1);
        const raised = [...others, better].sort((a, b) => b - a);
        // Among equals the one who was there stands first, as it did before.
        assert.ok(curve(raised)[raised.indexOf(better)]! >= curve(scores)[place]! - 1e-9);
      }),
      check,
    );
  });

  it("shares out the whole pool, and pays nobody less for a better score, however independent each is", () => {
    const miners = fc.array(fc.tuple(score, fc.double({ min: 0, max: 3, noNaN: true })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(curves, miners, fc.nat(), share, (settings, list, at, raise) => {
        const curve = rewardCurve(settings);
        const pay = (all: typeof list, who: (typeof list)[number]) => {
          const ranked = all.toSorted(([a], [b]) => b - a);
          const shares = curve(
            ranked.map(([value]) => value),
            ranked.map(([, independence]) => independence),
          );
          const isEarned = sum(shares) > 0;
          if (isEarned) closeTo(sum(shares), 1);
          return shares[ranked.indexOf(who)]!;
        };
        const place = at % list.length;
        const [value, independence] = list[place]!;
        const better: [number, number] = [value + raise, independence];
        // Among equals the one who was there stands first, as it did before.
        const raised = [...list.toSpliced(place, 1), better];
        assert.ok(pay(raised, better) >= pay(list, list[place]!) - 1e-9);
      }),
      check,
    );
  });

  it("pays one training the same under any number of hotkeys", () => {
    fc.assert(
      fc.property(curves, field, fc.nat(), fc.integer({ min: 2, max: 6 }), (settings, scores, at, hotkeys) => {
        fc.pre(scores.length > 0);
        const curve = rewardCurve(settings);
        const place = at % scores.length;
        const copies = new Array<number>(hotkeys);
        const split = curve(
          scores.toSpliced(place, 1, ...copies.fill(scores[place]!)),
          scores.map(() => 1).toSpliced(place, 1, ...copies.slice().fill(1 / hotkeys)),
        );
        const whole = curve(scores);
        closeTo(sum(split.slice(place, place + hotkeys)), whole[place]!);
        allCloseTo(split.toSpliced(place, hotkeys), whole.toSpliced(place, 1));
      }),
      check,
    );
  });

  it("is continuous where it is proportional, and jumps at a tie where it is not", () => {
    const positive = fc.array(fc.double({ min: 1e-3, max: 10, noNaN: true }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(curves, positive, fc.nat(), (settings, scores, at) => {
        fc.pre(settings.curve === "proportional");
        const curve = rewardCurve(settings);
        const sorted = scores.sort((a, b) => b - a);
        const place = at % sorted.length;
        const near = sorted.with(place, sorted[place]! + 1e-9).sort((a, b) => b - a);
        allCloseTo(curve(near), curve(sorted), 1e-4);
      }),
      check,
    );
    const jumping = rewardCurve({ curve: "top-n", n: 1, decay: { ratio: 1 }, floor: 0 });
    assert.deepEqual([jumping([1, 1])[1], jumping([1 + 1e-9, 1])[0]], [0, 1]);
  });
});

describe("reward curves", () => {
  const shares = (settings: CurveSettings, ...scores: number[]) => rewardCurve(settings)(scores);

  it("top-N by ratio, by exponent, with a floor for the rest", () => {
    const ratio = { curve: "top-n", n: 3, decay: { ratio: 2 }, floor: 0 } as const;
    assert.deepEqual(shares(ratio, 9, 8, 7, 6), [4 / 7, 2 / 7, 1 / 7, 0]);
    allCloseTo(shares({ ...ratio, n: 2, decay: { exponent: 1 } }, 9, 8, 7), [2 / 3, 1 / 3, 0]);
    allCloseTo(shares({ ...ratio, n: 2, floor: 0.1 }, 9, 8, 3, 1), [0.6, 0.3, 0.075, 0.025]);
  });

  it("a floor never lifts anybody above the last leader", () => {
    const parts = shares({ curve: "top-n", n: 1, decay: { ratio: 1 }, floor: 0.9 }, 2, 1);
    assert.deepEqual(parts, [0.5, 0.5]);
    allCloseTo(shares({ curve: "two-groups", leaders: 1, share: 0.98 }, 2, 1, 1), [0.98, 0.01, 0.01]);
  });

  it("points and proportions", () => {
    assert.deepEqual(shares({ curve: "rank-points", points: [3, 1] }, 5, 4, 3), [0.75, 0.25, 0]);
    assert.deepEqual(shares({ curve: "proportional", exponent: 2 }, 2, 1, 0), [0.8, 0.2, 0]);
    const tiny = shares({ curve: "proportional", exponent: 10 }, 1e-200, 1e-200);
    assert.deepEqual(tiny, [0.5, 0.5], "no power of a small score is lost");
  });
});
