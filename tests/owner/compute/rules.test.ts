import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { creditOf } from "#owner/compute/rules/credit.js";
import { DEFAULT_DELIVERY, deliveredShare, deliveredWork, dueAt } from "#owner/compute/rules/delayed-pay.js";
import {
  DEFAULT_EARLY,
  earlyMedian,
  earlyShare,
  isBarred,
  NO_EARLY_MISS,
  nextEarly,
} from "#owner/compute/rules/early-share.js";
import { capModels } from "#owner/compute/rules/model-caps.js";
import { neededCapacity } from "#owner/compute/rules/needed-capacity.js";

describe("the early share", () => {
  it("is below half of the median's where a fifth of the window goes by loading", () => {
    const windowed = (load: number) => earlyShare({ early: Math.max(0, 1000 - load), total: 3000 - load });
    const hosts = [
      { early: 1000, total: 3000, weight: 3 },
      { early: 0, total: 3000, weight: 2 },
    ];
    const median = earlyMedian(hosts);
    assert.equal(median, 333_333);
    const after = (load: number) => nextEarly(NO_EARLY_MISS, { share: windowed(load), median, isConfirmation: true });
    assert.equal(after(0).misses, 0);
    assert.equal(after(599).misses, 0);
    assert.equal(after(602).misses, 1);
    assert.equal(after(2000).misses, 1);
  });

  it("bars after the second miss, until a confirmation is passed", () => {
    const miss = { share: 0, median: 333_333, isConfirmation: false };
    const pass = { share: 333_333, median: 333_333, isConfirmation: false };
    const once = nextEarly(NO_EARLY_MISS, miss);
    assert.equal(isBarred(once), false);
    const twice = nextEarly(nextEarly(once, pass), miss);
    assert.equal(isBarred(twice), true);
    assert.equal(isBarred(nextEarly(twice, pass)), true);
    assert.equal(isBarred(nextEarly(twice, { ...pass, isConfirmation: true })), false);
    assert.equal(isBarred(once, { ...DEFAULT_EARLY, forgiven: 0 }), true);
  });

  it("says nothing of nobody", () => {
    assert.equal(earlyMedian([]), 0);
    assert.equal(earlyMedian([{ early: 1, total: 2, weight: 0 }]), 0);
    assert.equal(earlyShare({ early: 0, total: 0 }), 0);
    assert.equal(nextEarly(NO_EARLY_MISS, { share: 0, median: 0, isConfirmation: false }).misses, 0);
  });
});

describe("the capacity that loading costs", () => {
  it("is window/(window − load), as the proposal says", () => {
    assert.equal(neededCapacity(600, 300), 2);
    assert.equal(neededCapacity(600, 0), 1);
    assert.equal(neededCapacity(600, 450), 4);
    assert.equal(neededCapacity(600, 600), Infinity);
    assert.equal(neededCapacity(600, 900), Infinity);
  });

  it("is none where loading ends before anything counts", () => {
    assert.equal(neededCapacity(600, 60, 60), 1);
    assert.equal(neededCapacity(660, 360, 60), 2);
    assert.throws(() => neededCapacity(60, 0, 60), RangeError);
  });
});

describe("what a host's capacity earns", () => {
  it("counts settled work as the nonces that its operations would have been", () => {
    const rules = { perNonce: 12_600_000, factor: 1_000_000 };
    assert.equal(creditOf({ nonces: 100, work: 12_600_000_000 }, rules), 1100);
    assert.equal(creditOf({ nonces: 100, work: 12_600_000_000 }, { ...rules, factor: 500_000 }), 600);
    assert.equal(creditOf({ nonces: 0, work: 12_599_999 }, rules), 0);
  });

  it("is capped by model", () => {
    const caps = new Map([["small", 500]]);
    const weights = [
      { model: "small", weight: 300 },
      { model: "small", weight: 300 },
      { model: "large", weight: 900 },
    ];
    assert.deepEqual(capModels(weights, caps), {
      weights: [
        { model: "small", weight: 500 },
        { model: "large", weight: 900 },
      ],
      cut: 100,
    });
    assert.deepEqual(capModels([], caps), { weights: [], cut: 0 });
  });
});

describe("delayed settlement", () => {
  const host = { weight: 100, asked: 100, answered: 100, revenue: 50 };

  it("settles a cycle when its delay is over", () => {
    assert.equal(dueAt(0, DEFAULT_DELIVERY), null);
    assert.equal(dueAt(7, { delay: 3 }), 4);
    assert.equal(dueAt(7, { delay: 0 }), 7);
  });

  it("leaves less the more requests are missed", () => {
    const left = (answered: number) => deliveredShare({ asked: 100, answered }, DEFAULT_DELIVERY);
    assert.deepEqual([100, 98, 89, 80, 0].map(left), [1_000_000, 1_000_000, 500_000, 0, 0]);
    assert.equal(deliveredShare({ asked: 0, answered: 0 }, DEFAULT_DELIVERY), 1_000_000);
    assert.equal(deliveredShare({ asked: 10, answered: 20 }, DEFAULT_DELIVERY), 1_000_000);
  });

  it("shares by weight and by revenue, and never more than the whole", () => {
    const hosts = [
      { ...host, hotkey: "a" },
      { ...host, hotkey: "b", revenue: 150 },
      { ...host, hotkey: "c", weight: 200, revenue: 0, answered: 0 },
    ];
    const work = deliveredWork(hosts);
    assert.deepEqual([...work.values()], [250_000, 500_000, 0]);
    assert.ok([...work.values()].reduce((sum, part) => sum + part) <= 1_000_000);
    const idle = hosts.map((one) => ({ ...one, revenue: 0, answered: 100 }));
    assert.deepEqual([...deliveredWork(idle).values()], [250_000, 250_000, 500_000]);
    assert.deepEqual([...deliveredWork([{ ...host, hotkey: "a", weight: 0, revenue: 0 }]).values()], [0]);
  });
});
