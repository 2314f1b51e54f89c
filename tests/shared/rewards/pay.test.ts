import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { type CurveSettings, rewardCurve } from "#shared/rewards/curves/reward-curve.js";
import { topN } from "#shared/rewards/curves/top-n.js";
import { paidPart } from "#shared/rewards/progress.js";
import { rank } from "#shared/rewards/ranking.js";
import { groupRewards } from "#shared/rewards/rewards.js";
import { toWeights } from "#shared/rewards/weights.js";
import { type CycleOutcome, windowOf } from "#shared/rewards/window.js";
import { loadVectors } from "../protocol/vectors.js";

const score = fc.double({ min: 0, max: 10, noNaN: true });
const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, x) => total + x, 0);

test("window: missed and rejected cycles count as zero, abstained ones not at all", () => {
  const at = (cycle: number, verdict: CycleOutcome["verdict"], value = 0, hotkey = "a") => ({
    cycle,
    hotkey,
    verdict,
    score: value,
    independence: verdict === "scored" ? 1 : null,
  });
  const mean = (...history: CycleOutcome[]) => windowOf({ history, hotkey: "a", cycle: 10, window: 4, power: 1 }).score;
  assert.equal(mean(at(10, "scored", 4)), 1);
  assert.equal(mean(at(10, "scored", 4), at(9, "rejected")), 1);
  assert.equal(mean(at(10, "scored", 4), at(9, "abstained"), at(8, "abstained")), 2);
  assert.equal(mean(at(10, "scored", 4), at(6, "scored", 100), at(11, "scored", 100)), 1);
  assert.equal(mean(...[7, 8, 9, 10].map((cycle) => at(cycle, "abstained"))), 0);
  assert.equal(mean(), 0);
});

test("window: whoever takes over a uid starts from nothing", () => {
  const history = [7, 8, 9, 10].map((cycle) => ({
    cycle,
    hotkey: "old",
    verdict: "scored" as const,
    score: 8,
    independence: 1,
  }));
  const of = (hotkey: string) => windowOf({ history, hotkey, cycle: 10, window: 4, power: 2.5 });
  assert.deepEqual(of("old"), { score: 8, independence: 1 });
  assert.deepEqual(of("new"), { score: 0, independence: 0 });
});

test("window: independence weighs by score, so that a cycle that earned nothing lends none", () => {
  const at = (cycle: number, value: number, independence: number): CycleOutcome => ({
    cycle,
    hotkey: "a",
    verdict: "scored",
    score: value,
    independence,
  });
  const of = (...history: CycleOutcome[]) => windowOf({ history, hotkey: "a", cycle: 10, window: 4, power: 1 });
  assert.deepEqual(of(at(10, 3, 0.5), at(9, 1, 1.5)), { score: 1, independence: 0.75 });
  assert.equal(of(at(10, 3, 0.5), at(9, 0, 4)).independence, 0.5);
});

describe("who works by turns under several hotkeys", () => {
  const WINDOW = 8;
  /** What they are paid together, relative to one hotkey that trains in each cycle, beside so many others that no share changes theirs. */
  const payOf = (power: number, hotkeys: readonly (readonly (readonly [score: number, independence: number])[])[]) =>
    sum(
      hotkeys.map((cycles) => {
        const history = cycles.map(([value, independence], cycle) => ({
          ...{ cycle, hotkey: "a", verdict: "scored" as const },
          ...{ score: value, independence },
        }));
        const means = windowOf({ history, hotkey: "a", cycle: WINDOW - 1, window: WINDOW, power });
        return means.score ** power * means.independence;
      }),
    );
  const turns = (k: number, worked: readonly [number, number], idle: readonly [number, number]) =>
    Array.from({ length: k }, (_, i) =>
      Array.from({ length: WINDOW }, (_, cycle) => (cycle % k === i ? worked : idle)),
    );

  it("gains nothing, whatever it scores in the other cycles without work of its own", () => {
    for (const power of [1, 1.5, 2.5, 5])
      for (const k of [2, 4, 8])
        for (const free of [0, 0.5, 1, 1.5, 3])
          assert.ok(payOf(power, turns(k, [1, 1], [free, 0])) <= 1 + 1e-9, `${k} hotkeys, ${free}, ${power}`);
  });

  it("gains nothing by dividing each cycle's part among them as it likes", () => {
    const cycle = fc.tuple(
      fc.double({ min: 0.01, max: 3, noNaN: true }),
      fc.array(score, { minLength: 3, maxLength: 3 }),
    );
    fc.assert(
      fc.property(
        fc.array(cycle, { minLength: WINDOW, maxLength: WINDOW }),
        fc.constantFrom(1, 2.5, 5),
        (cycles, power) => {
          const one = cycles.map(([value, parts]) => [value, sum(parts)] as const);
          const many = [0, 1, 2].map((i) => cycles.map(([value, parts]) => [value, parts[i]!] as const));
          assert.ok(payOf(power, many) <= payOf(power, [one]) * (1 + 1e-9));
        },
      ),
      { seed: 5, numRuns: 300 },
    );
  });

  it("is paid as ever where it is as independent in each cycle", () => {
    const steady = [Array.from({ length: WINDOW }, (_, cycle) => [1 + cycle, 0.5] as const)];
    assert.ok(Math.abs(payOf(2.5, steady) - 4.5 ** 2.5 / 2) < 1e-9);
  });
});

test("vectors: ranking by score, then by a lot that nobody can draw before the score is known", () => {
  const { cases } = loadVectors(
    "ranking",
    z.object({
      cases: z.array(
        z.object({
          contenders: z.array(z.object({ hotkey: z.string(), score: z.number() })),
          ranked: z.array(z.string()),
        }),
      ),
    }),
  );
  for (const { contenders, ranked } of cases)
    fc.assert(
      fc.property(fc.shuffledSubarray([...contenders], { minLength: contenders.length }), (shuffled) => {
        assert.deepEqual(
          rank(shuffled).map(({ hotkey }) => hotkey),
          ranked,
        );
      }),
      { seed: 1, numRuns: 50 },
    );
});

test("among equals every hotkey is first as often as any other, as the score has it", () => {
  const hotkeys = Array.from({ length: 4 }, (_, i) => `hotkey ${i}`);
  const firsts = new Map<string, number>();
  for (let trial = 1; trial <= 2000; trial++) {
    const [first] = rank(hotkeys.map((hotkey) => ({ hotkey, score: trial / 3000 })));
    firsts.set(first!.hotkey, (firsts.get(first!.hotkey) ?? 0) + 1);
  }
  for (const hotkey of hotkeys) assert.ok(Math.abs(firsts.get(hotkey)! - 500) < 80, `${hotkey} ${firsts.get(hotkey)}`);
});

test("groups have equal pools, and what a group does not earn goes to the owner", () => {
  const curve = topN({ n: 2, decay: { ratio: 3 }, floor: 0 });
  const prose = [
    { uid: 1, score: 5, independence: 1 },
    { uid: 2, score: 1, independence: 1 },
    { uid: 3, score: 0.5, independence: 1 },
  ];
  const idle = [{ uid: 4, score: 0, independence: 0 }];
  const shares = groupRewards({
    groups: new Map([
      ["prose", prose],
      ["code", idle],
    ]),
    curve,
    burn: 0,
    ownerUid: 0,
  });
  assert.deepEqual([...shares].sort(), [
    [0, 0.5],
    [1, 0.375],
    [2, 0.125],
  ]);
  const own = groupRewards({
    groups: new Map([
      ["prose", prose],
      ["code", [{ uid: 1, score: 9, independence: 1 }]],
    ]),
    curve,
    burn: 0,
    ownerUid: 0,
  });
  assert.deepEqual([...own].sort(), [
    [1, 0.875],
    [2, 0.125],
  ]);
  const burning = groupRewards({ groups: new Map([["prose", prose]]), curve, burn: 0.2, ownerUid: 0 });
  assert.ok(Math.abs(burning.get(0)! - 0.2) < 1e-12 && Math.abs(burning.get(1)! - 0.6) < 1e-12);
  const many = fc.dictionary(
    fc.stringMatching(/^[a-z]{1,4}$/),
    fc.array(fc.record({ uid: fc.nat(255), score, independence: score }), { maxLength: 9 }),
    { minKeys: 1, maxKeys: 6 },
  );
  fc.assert(
    fc.property(many, (groups) => {
      const sorted = Object.entries(groups).map(
        ([name, list]) => [name, list.sort((a, b) => b.score - a.score)] as const,
      );
      const paid = groupRewards({ groups: new Map(sorted), curve, burn: 0, ownerUid: 7 });
      assert.ok(Math.abs(sum(paid.values()) - 1) < 1e-9);
      const reversed = groupRewards({ groups: new Map(sorted.toReversed()), curve, burn: 0, ownerUid: 7 });
      assert.deepEqual(new Map([...reversed].sort()), new Map([...paid].sort()));
    }),
    { seed: 3 },
  );
});

test("what a gate takes from a miner's pay goes to the owner, and a gate that takes nothing changes no bit", () => {
  const groups = new Map([
    [
      "prose",
      [
        { uid: 1, score: 5, independence: 1 },
        { uid: 2, score: 1, independence: 1 },
        { uid: 3, score: 0.5, independence: 1 },
      ],
    ],
  ]);
  const curve = topN({ n: 2, decay: { ratio: 3 }, floor: 0 });
  const rewards = { groups, curve, burn: 0.1, ownerUid: 0 };
  const gated = groupRewards({ ...rewards, gate: (uid) => (uid === 1 ? 0.25 : uid === 2 ? 1 : 0) });
  const open = groupRewards(rewards);
  assert.equal(gated.get(1), open.get(1)! * 0.25);
  assert.equal(gated.get(2), open.get(2));
  assert.ok(Math.abs(sum(gated.values()) - 1) < 1e-12);
  assert.ok(Math.abs(gated.get(0)! - (open.get(0)! + open.get(1)! * 0.75)) < 1e-12);
  assert.deepEqual(groupRewards({ ...rewards, gate: () => 1 }), open);
});

describe("one training under several hotkeys", () => {
  const curves: readonly CurveSettings[] = [
    { curve: "proportional", exponent: 2.5 },
    { curve: "top-n", n: 3, decay: { ratio: 1.15 }, floor: 0.1 },
    { curve: "top-n", n: 2, decay: { exponent: 1 }, floor: 0 },
    { curve: "rank-points", points: [5, 3, 1] },
    { curve: "two-groups", leaders: 2, share: 0.8 },
  ];
  const honest = [0.9, 0.8, 0.7, 0.6].map((score, i) => ({ uid: i + 1, score, independence: 1 }));
  const pay = (settings: CurveSettings, own: readonly { readonly score: number; readonly independence: number }[]) => {
    const mine = own.map((one, i) => ({ uid: 100 + i, ...one }));
    const ranked = [...honest, ...mine].sort((a, b) => b.score - a.score);
    const shares = groupRewards({
      groups: new Map([["prose", ranked]]),
      curve: rewardCurve(settings),
      burn: 0,
      ownerUid: 0,
    });
    return {
      own: sum(mine.map(({ uid }) => shares.get(uid) ?? 0)),
      others: honest.map(({ uid }) => shares.get(uid) ?? 0),
    };
  };
  const told = (settings: CurveSettings) => JSON.stringify(settings);

  it("is paid as under one, wherever it stands", () => {
    for (const settings of curves)
      for (const score of [1, 0.85, 0.5])
        for (const hotkeys of [2, 3, 8]) {
          const one = pay(settings, [{ score, independence: 1 }]);
          const many = pay(settings, new Array(hotkeys).fill({ score, independence: 1 / hotkeys }));
          assert.ok(Math.abs(many.own - one.own) < 1e-12, `${told(settings)} ${score}: ${many.own}, not ${one.own}`);
        }
  });

  it("takes no place from anybody where it is nobody's own", () => {
    for (const settings of curves) {
      const alone = pay(settings, [{ score: 1, independence: 1 }]);
      const idle = new Array(5).fill({ score: 1.1, independence: 0 });
      const beside = pay(settings, [{ score: 1, independence: 1 }, ...idle]);
      assert.ok(Math.abs(beside.own - alone.own) < 1e-12, `${told(settings)}: ${beside.own}, not ${alone.own}`);
      for (const [i, share] of beside.others.entries())
        assert.ok(Math.abs(share - alone.others[i]!) < 1e-12, `${told(settings)}: ${beside.others}`);
    }
  });
});

test("vectors: weights", () => {
  const pairs = z.array(z.tuple([z.number(), z.number()]));
  const { cases } = loadVectors("weights", z.object({ cases: z.array(z.object({ shares: pairs, weights: pairs })) }));
  for (const { shares, weights } of cases) assert.deepEqual(toWeights(new Map(shares)), weights);
});

test("vectors: the part of a group's pool that is paid", () => {
  const { paid } = loadVectors(
    "weights",
    z.object({
      paid: z.array(
        z.object({
          note: z.string(),
          cycle: z.number(),
          window: z.number(),
          known: z.array(z.tuple([z.number(), z.array(z.string()), z.boolean().nullable()], z.array(z.string()))),
          group: z.string(),
          part: z.number(),
        }),
      ),
    }),
  );
  for (const { note, cycle, window, known, group, part } of paid) {
    const progress = known.map(([at, improved, isAgreed, undecided = []]) => ({
      cycle: at,
      improved,
      undecided,
      isAgreed,
    }));
    assert.equal(paidPart(progress, group, { cycle, window }), part, note);
  }
});

test("weights: u16, ascending uids, the largest share is full scale, order and scale of shares do not matter", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(fc.nat(255), share), { selector: ([uid]) => uid, maxLength: 64 }), (pairs) => {
      const weights = toWeights(new Map(pairs));
      assert.ok(weights.every(([, w]) => Number.isInteger(w) && w > 0 && w <= 65535));
      assert.ok(weights.every(([uid], i) => i === 0 || uid > (weights[i - 1]?.[0] ?? -1)));
      const best = Math.max(0, ...pairs.map(([, value]) => value));
      if (best > 0) assert.ok(weights.some(([uid, w]) => w === 65535 && new Map(pairs).get(uid) === best));
      assert.deepEqual(toWeights(new Map(pairs.toReversed())), weights);
    }),
    { seed: 4 },
  );
  for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => toWeights(new Map([[0, bad]])), RangeError);
});
