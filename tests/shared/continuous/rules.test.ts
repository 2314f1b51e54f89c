import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { classOf } from "#shared/continuous/hardware-class.js";
import { confirmationsIn, isTrigger } from "#shared/continuous/trigger.js";
import { sha256 } from "#shared/protocol/hash.js";

const entropyOf = (block: number): string => sha256(Buffer.from(`block ${block}`));

describe("confirmations", () => {
  const rules = { perCycle: 2_000_000, blocks: 1000, window: 5 };

  it("begin as often as they should, at blocks that each decide by themselves", () => {
    const found = confirmationsIn({ first: 0, end: 30_000 }, entropyOf, rules);
    // One in 500 blocks, with 4 blocks after each in which none begins.
    const expected = 30_000 / 504;
    assert.ok(Math.abs(found.length - expected) < 4 * Math.sqrt(expected), `${found.length} of ${expected}`);
    for (const [at, { first, end }] of found.entries()) {
      assert.equal(end, first + 5);
      assert.ok(isTrigger(entropyOf(first), first, rules));
      if (at > 0) assert.ok(first >= found[at - 1]!.end);
    }
    const none = Array.from({ length: 30 }, (_, cycle) => cycle).filter(
      (cycle) => !found.some(({ first }) => Math.floor(first / 1000) === cycle),
    );
    assert.ok(Math.abs(none.length - 30 * Math.exp(-2)) < 8, `${none.length} cycles without one`);
  });

  it("are none at a rate of 0 and all at a rate of one a block", () => {
    const all = { perCycle: 1_000_000, blocks: 1, window: 1 };
    assert.equal(confirmationsIn({ first: 7, end: 107 }, entropyOf, all).length, 100);
    assert.equal(confirmationsIn({ first: 7, end: 107 }, entropyOf, { ...all, perCycle: 0 }).length, 0);
  });
});

describe("the class of a host's hardware", () => {
  it("is by measurement, whatever the host reports", () => {
    const classes = [
      { name: "laptop", from: 0 },
      { name: "card", from: 1e5 },
      { name: "server", from: 1e6 },
    ];
    assert.deepEqual(classOf({ speed: 2e5, reported: "server" }, classes), {
      measured: "card",
      reported: "server",
      report: "above",
      apart: 1,
    });
    assert.equal(classOf({ speed: 95_000, reported: "card" }, classes).report, "agrees");
    assert.equal(classOf({ speed: 94_999, reported: "card" }, classes).measured, "laptop");
    assert.equal(classOf({ speed: 5e6, reported: "laptop" }, classes).report, "below");
    assert.equal(classOf({ speed: 5e6, reported: "quantum" }, classes).report, "unknown");
    assert.equal(classOf({ speed: -1, reported: null }, classes).measured, "laptop");
  });
});
