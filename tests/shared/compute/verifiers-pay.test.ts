import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { shareWithVerifiers } from "#shared/compute/duty/verifiers-share.js";
import { payParts } from "#shared/compute/gate.js";
import { NEWCOMER } from "#shared/reputation/reputation.js";
import { standingShares } from "#shared/rewards/cycle-weights.js";
import { type CheckedHost, payVerifiers } from "#shared/settlement/verifiers-pay.js";
import { template } from "../../support/micro-network.js";

const host = (hotkey: string, change: Partial<CheckedHost> = {}): CheckedHost => ({
  ...{ hotkey, earned: 0n, tasks: 20, checked: 20, credit: 0, released: 1_000_000 },
  ...change,
});

const paid = (hosts: readonly CheckedHost[], share = 500_000) => {
  const { pays, burned } = payVerifiers(hosts, share);
  return { burned, of: Object.fromEntries([...pays].map(([hotkey, { kept, got }]) => [hotkey, [kept, got]])) };
};

describe("verifiers' pay", () => {
  it("is half of what executors earned by checked tasks, shared by duties done; an unchecked task pays its executor alone", () => {
    const hosts = [
      host("ann", { earned: 1000n, credit: 30 }),
      host("bob", { earned: 1000n, checked: 5, credit: 10 }),
      host("cal", { earned: 1000n, tasks: 0, checked: 0 }),
    ];
    assert.deepEqual(paid(hosts), {
      burned: 0n,
      of: { ann: [500n, 469n], bob: [875n, 156n], cal: [1000n, 0n] },
    });
  });

  it("of who missed duty is less by what it missed, of a fraud nothing; that burns", () => {
    const hosts = [
      host("ann", { earned: 1000n }),
      host("bob", { credit: 1, released: 250_000 }),
      host("lax", { credit: 1, released: 0 }),
    ];
    assert.deepEqual(paid(hosts), { burned: 438n, of: { ann: [500n, 0n], bob: [0n, 62n], lax: [0n, 0n] } });
  });

  it("adds up to what was earned, whoever earned and did what", () => {
    const hosts = fc.array(
      fc.record({
        earned: fc.bigInt({ min: 0n, max: 10n ** 12n }),
        tasks: fc.integer({ min: 0, max: 32 }),
        part: fc.integer({ min: 0, max: 32 }),
        credit: fc.integer({ min: 0, max: 1024 }),
        released: fc.integer({ min: 0, max: 1_000_000 }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(hosts, fc.integer({ min: 0, max: 500_000 }), (given, share) => {
        const all = given.map(({ part, ...one }, n) => ({
          ...{ hotkey: `host ${n}`, checked: Math.min(part, one.tasks) },
          ...one,
        }));
        const { pays, burned } = payVerifiers(all, share);
        const sum = [...pays.values()].reduce((total, { kept, got }) => total + kept + got, burned);
        assert.equal(
          sum,
          all.reduce((total, { earned }) => total + earned, 0n),
        );
        for (const { hotkey, earned } of all) {
          const { kept } = pays.get(hotkey)!;
          assert.ok(2n * kept >= earned, "nobody gives more than half");
        }
      }),
      { seed: 15, numRuns: 200 },
    );
  });
});

describe("shares of all pay", () => {
  const duty = { tasks: 20, cut: 1, verifiers: 0.5 };
  const newest = (hotkey: string, change = {}) => ({
    ...{ hotkey, tasks: 20, checked: 20, duties: 10, missed: 0, missRate: 0, verified: 0, credit: 0 },
    ...{ isFraud: false, released: 1_000_000 },
    ...change,
  });
  const standings = new Map(
    [newest("a"), newest("b", { credit: 10 }), newest("gone", { credit: 10 })].map((part) => [
      part.hotkey,
      { reputation: NEWCOMER, change: undefined, newest: part },
    ]),
  );

  it("go to verifiers with or without pay of their own, and to the owner's uid for who is registered no more", () => {
    const shared = shareWithVerifiers(new Map([["a", 0.4]]), { duty }, standings);
    assert.deepEqual(Object.fromEntries(shared), { a: 0.2, b: 0.1, gone: 0.1 });
    const holders = {
      ownerHotkey: "o",
      neurons: ["o", "a", "b"].map((hotkey, uid) => ({ uid, hotkey })),
    };
    const [group] = Object.keys(template.groups);
    const groups = new Map(
      Object.keys(template.groups).map((name) => [
        name,
        name === group ? [{ uid: 1, hotkey: "a", score: 1, independence: 1 }] : [],
      ]),
    );
    const facts = { confirmed: undefined, standings };
    const share = (sprint: Parameters<typeof payParts>[0]) =>
      standingShares(template, holders, groups, payParts(sprint, facts));
    const [open, divided] = [share({ duty: { tasks: 20, cut: 1 } }), share({ duty })];
    const pool = open.get(1)!;
    assert.ok(pool > 0);
    assert.ok(Math.abs(divided.get(1)! - pool / 2) < 1e-11);
    assert.ok(Math.abs(divided.get(2)! - pool / 4) < 1e-11);
    const sum = [...divided.values()].reduce((total, one) => total + one, 0);
    assert.ok(Math.abs(sum - 1) < 1e-9, `${sum}`);
  });
});
