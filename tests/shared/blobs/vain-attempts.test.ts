import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { vainAttempts } from "#shared/blobs/vain-attempts.js";

describe("attempts in vain", () => {
  it("are remembered for ten minutes in tenths of a turn, as no more than one, and until the location brings something", () => {
    let now = 0;
    const vain = vainAttempts(() => now);
    vain.inVain("quick", 99);
    vain.inVain("paying", -5000);
    vain.inVain("late", 450);
    vain.inVain("silent", 9000);
    vain.inVain("slow", 600);
    vain.inVain("sent", 900);
    vain.brought("sent");
    const costs = () => ["quick", "paying", "late", "silent", "slow", "sent"].map(vain.costOf);
    assert.deepEqual(costs(), [0, 0, 400, 1000, 600, 0]);
    now = 599_999;
    vain.inVain("slow", 700);
    vain.inVain("silent", 50);
    assert.deepEqual(costs(), [0, 0, 400, 1000, 700, 0]);
    now = 600_000;
    assert.deepEqual(costs(), [0, 0, 0, 0, 700, 0]);
  });

  it("are remembered of no more than 4,096 locations, the newest", () => {
    const vain = vainAttempts(() => 0);
    for (let i = 0; i < 5000; i++) vain.inVain(`${i}`, 1000);
    assert.deepEqual(
      [0, 903, 904, 4999].map((i) => vain.costOf(`${i}`)),
      [0, 0, 1000, 1000],
    );
  });
});
