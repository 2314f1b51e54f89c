import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import {
  NEWCOMER,
  nextReputation,
  PAPER_REPUTATION,
  type Reputation,
  type ReputationCycle,
  scrutinyOf,
  trustedReputation,
} from "#shared/reputation/reputation.js";
import { loadVectors } from "../protocol/vectors.js";

const clean: ReputationCycle = { tasks: 20, isFraud: false, duties: 0, missed: 0, missRate: 0 };
const after = (cycles: readonly ReputationCycle[], rules?: typeof PAPER_REPUTATION, from: Reputation = NEWCOMER) =>
  cycles.reduce((reputation, cycle) => nextReputation(reputation, cycle, rules).after, from);
const times = (count: number, cycle: ReputationCycle) => Array.from({ length: count }, () => cycle);

describe("reputation", () => {
  it("vectors: cycle by cycle", () => {
    const step = z.object({
      tasks: z.number(),
      isFraud: z.boolean(),
      duties: z.number(),
      missed: z.number(),
      missRate: z.number(),
      after: z.unknown(),
    });
    const { reputations } = loadVectors("duty", z.object({ reputations: z.array(z.array(step)) }));
    for (const steps of reputations) {
      let reputation = NEWCOMER;
      for (const [n, { after: expected, ...cycle }] of steps.entries()) {
        reputation = nextReputation(reputation, cycle).after;
        assert.deepEqual(reputation, expected, `step ${n}`);
      }
    }
  });

  it("is whole after thirty clean cycles of twenty tasks, and gains nothing by fewer tasks", () => {
    assert.equal(after(times(29, clean)).value, 29 * 33_334);
    assert.equal(after(times(30, clean)).value, 1_000_000);
    assert.equal(after(times(100, { ...clean, tasks: 19 })).value, 0);
  });

  it("is lost by a proven fraud, and by missed duty as much as is missed beyond 1 %", () => {
    const whole = after(times(30, clean));
    assert.equal(after([{ ...clean, isFraud: true }], undefined, whole).value, 0);
    const missing = { ...clean, tasks: 5, duties: 10, missed: 1, missRate: 100_000 };
    assert.equal(after([missing], undefined, whole).value, 910_000);
    assert.equal(after([{ ...missing, missRate: 10_000 }], undefined, whole).value, 1_000_000);
  });

  it("halves each thirty idle cycles; in the paper it is forgotten after thirty", () => {
    const idle = { ...clean, tasks: 0 };
    const whole = after(times(30, clean));
    assert.equal(after(times(29, idle), undefined, whole).value, 1_000_000);
    assert.equal(after(times(30, idle), undefined, whole).value, 500_000);
    assert.equal(after(times(60, idle), undefined, whole).value, 250_000);
    assert.equal(after(times(30, idle), PAPER_REPUTATION, whole).value, 0);
    assert.equal(after([...times(29, idle), clean, ...times(29, idle)], undefined, whole).value, 1_000_000);
  });

  it("decides nothing while its missed duty is more than chance explains", () => {
    const whole = after(times(30, clean));
    const lazy = after([{ ...clean, duties: 4, missed: 4, missRate: 1_000_000 }], undefined, whole);
    assert.equal(trustedReputation(whole), 1_000_000);
    assert.equal(trustedReputation({ ...lazy, value: 1_000_000 }), 0);
  });

  it("gives the paper's frequency of checks, 1 − 0.99 · reputation", () => {
    for (const [value, frequency] of [
      [0, 1_000_000],
      [1_000_000, 10_000],
      [500_000, 505_000],
      [1, 1_000_000],
    ] as const)
      assert.equal(scrutinyOf(value), frequency);
  });

  it("stays a whole number between 0 and 1 whatever happens", () => {
    const cycle = fc.record({
      tasks: fc.integer({ min: 0, max: 50 }),
      isFraud: fc.boolean(),
      duties: fc.integer({ min: 0, max: 50 }),
      missed: fc.integer({ min: 0, max: 50 }),
      missRate: fc.integer({ min: 0, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(cycle, { maxLength: 120 }), (cycles) => {
        let reputation = NEWCOMER;
        for (const each of cycles) {
          const before = reputation.value;
          const change = nextReputation(reputation, { ...each, duties: Math.max(each.duties, each.missed) });
          reputation = change.after;
          assert.ok(Number.isInteger(reputation.value) && reputation.value >= 0 && reputation.value <= 1_000_000);
          assert.equal(reputation.value, before + change.gained - change.lost - change.faded);
        }
      }),
      { seed: 17 },
    );
  });
});
