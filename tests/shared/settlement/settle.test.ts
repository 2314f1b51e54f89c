import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { apportion } from "#shared/settlement/apportion.js";
import { PAPER_SETTLEMENT } from "#shared/settlement/rules.js";
import { type HostRecord, type SettledTask, settle, settledTotal } from "#shared/settlement/settle.js";
import { loadVectors } from "../protocol/vectors.js";

const amounts = z.record(z.string(), z.string());
const task = z.object({
  id: z.string(),
  executor: z.string(),
  verdict: z.enum(["unchecked", "valid", "invalid", "undecided"]),
  verifiers: z.array(z.string()),
  work: z.string().optional(),
  payment: z.string().optional(),
  payer: z.string().optional(),
});
const host = z.object({
  hotkey: z.string(),
  isFraud: z.boolean(),
  assigned: z.number(),
  done: z.number(),
  missRate: z.number(),
});
const vectors = loadVectors(
  "duty",
  z.object({
    apportions: z.array(z.object({ amount: z.string(), weights: amounts, shares: amounts })),
    settlements: z.array(
      z.object({
        pot: z.string(),
        tasks: z.array(task),
        hosts: z.array(host),
        paid: amounts,
        refunds: amounts,
        burned: amounts,
      }),
    ),
  }),
);

const texts = (map: Iterable<readonly [string, bigint]>) =>
  Object.fromEntries([...map].map(([name, amount]) => [name, `${amount}`]));
const honest = (hotkey: string): HostRecord => ({ hotkey, isFraud: false, assigned: 0, done: 0, missRate: 0 });
const one = (change: Partial<SettledTask> = {}): SettledTask => ({
  id: "a",
  executor: "eve",
  source: { work: 1n },
  verdict: "valid",
  verifiers: ["ada", "ben"],
  ...change,
});
const paidOf = (pot: bigint, tasks: readonly SettledTask[], hosts: readonly HostRecord[] = []) =>
  Object.fromEntries(settle({ pot, tasks, hosts }).pays.map(({ hotkey, paid }) => [hotkey, paid]));

describe("shares by the largest remainder", () => {
  it("vectors", () => {
    for (const { amount, weights, shares } of vectors.apportions) {
      const given = new Map(Object.entries(weights).map(([name, weight]) => [name, BigInt(weight)]));
      assert.deepEqual(texts(apportion(BigInt(amount), given)), shares);
    }
  });

  it("add up, and are within a unit of the exact share", () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 18n }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n }), weights, (amount, all) => {
        const total = all.reduce((sum, weight) => sum + weight, 0n);
        const shares = [...apportion(amount, new Map(all.map((weight, n) => [`${n}`, weight]))).values()];
        assert.equal(
          shares.reduce((sum, share) => sum + share, 0n),
          total === 0n ? 0n : amount,
        );
        for (const [n, share] of shares.entries()) {
          const difference = share * total - amount * all[n]!;
          if (total > 0n) assert.ok(difference < total && difference > -total);
        }
      }),
      { seed: 18 },
    );
  });
});

describe("a settlement", () => {
  it("vectors", () => {
    for (const { pot, tasks, hosts, paid, refunds, burned } of vectors.settlements) {
      const settlement = settle({
        pot: BigInt(pot),
        tasks: tasks.map(({ work, payment, payer, ...rest }) => ({
          ...rest,
          source: work === undefined ? { payment: BigInt(payment!), payer: payer! } : { work: BigInt(work) },
        })),
        hosts,
      });
      assert.deepEqual(texts(settlement.pays.map(({ hotkey, paid: amount }) => [hotkey, amount])), paid);
      assert.deepEqual(texts(settlement.refunds), refunds);
      assert.deepEqual(texts(Object.entries(settlement.burned)), burned);
    }
  });

  it("pays an unchecked task to its executor, a checked one half to its verifiers, never the executor among them", () => {
    assert.deepEqual(paidOf(100n, [one({ verdict: "unchecked", verifiers: [] })]), { eve: 100n });
    assert.deepEqual(paidOf(100n, [one()]), { ada: 25n, ben: 25n, eve: 50n });
    assert.deepEqual(paidOf(100n, [one({ verifiers: ["eve", "ada", "ada"] })]), { ada: 50n, eve: 50n });
    assert.deepEqual(paidOf(101n, [one({ verifiers: ["ada"] })]), { ada: 50n, eve: 51n }, "the odd unit");
  });

  it("releases by work and duty done, and burns the rest", () => {
    const hosts = [
      { ...honest("eve"), assigned: 4, done: 3 },
      { ...honest("ada"), missRate: 510_000 },
      { ...honest("ben"), missRate: 10_000 },
    ];
    const settlement = settle({ pot: 400n, tasks: [one()], hosts });
    assert.deepEqual(texts(settlement.pays.map(({ hotkey, paid }) => [hotkey, paid])), {
      ada: "50",
      ben: "100",
      eve: "150",
    });
    assert.equal(settlement.burned.missed, 100n);
  });

  it("takes a fraud's whole pay of the cycle, of which its finders get a tenth and never more than they earned", () => {
    const tasks = [
      one(),
      one({ id: "b", verdict: "invalid", verifiers: ["ada"] }),
      one({ id: "c", executor: "ada", verifiers: [] }),
    ];
    const { pays, burned } = settle({ pot: 3_000n, tasks, hosts: [] });
    const pay = (hotkey: string) => pays.find((each) => each.hotkey === hotkey)!;
    assert.equal(pay("eve").paid, 0n);
    assert.equal(pay("ada").bounty, 150n, "a tenth of 500 held and 1,000 of the false result");
    assert.equal(pay("ada").paid, 250n + 1_000n + 150n);
    assert.equal(burned.fraud, 1_350n);
    const poor = settle({ pot: 1_000n, tasks: [one({ verdict: "invalid", verifiers: ["ada"] })], hosts: [] });
    assert.equal(
      poor.pays.find(({ hotkey }) => hotkey === "ada"),
      undefined,
      "no honest earnings, no bounty",
    );
  });

  it("refunds a payment whose task is not good, and pays no bounty from it", () => {
    const source = { payment: 70n, payer: "pam" };
    const tasks = [
      one({ source, verdict: "invalid", verifiers: ["ada"] }),
      one({ id: "b", executor: "ada", verifiers: [] }),
    ];
    const { pays, refunds } = settle({ pot: 500n, tasks, hosts: [] });
    assert.equal(refunds.get("pam"), 70n);
    assert.equal(pays.find(({ hotkey }) => hotkey === "ada")!.bounty, 0n);
    assert.equal(
      settle({ pot: 0n, tasks: [one({ source, verdict: "undecided" })], hosts: [] }).refunds.get("pam"),
      70n,
    );
  });

  it("makes cheating and reporting oneself a loss, which the paper's bounty does not", () => {
    const cheat = [
      one({ id: "b", verdict: "invalid", verifiers: ["twin"], source: { work: 5n } }),
      one({ id: "c", executor: "twin", verdict: "unchecked", verifiers: [], source: { work: 5n } }),
    ];
    const twin = (rules?: typeof PAPER_SETTLEMENT) =>
      settle({ pot: 1_000n, tasks: cheat, hosts: [] }, rules).pays.find(({ hotkey }) => hotkey === "twin")!.paid;
    const [cost, saved] = [450n, 405n];
    const honestProfit = 500n - cost;
    assert.ok(twin(PAPER_SETTLEMENT) - 500n - (cost - saved) > honestProfit, "gets all of its forfeit back");
    assert.ok(twin() - 500n - (cost - saved) < honestProfit);
  });

  it("conserves every unit over thousands of random cycles", () => {
    const name = fc.constantFrom("ada", "ben", "cal", "dot", "eve");
    const amount = fc.bigInt({ min: 0n, max: 10n ** 12n });
    const source = fc.oneof(
      fc.record({ work: amount }),
      fc.record({ payment: amount, payer: fc.constantFrom("pam", "pip") }),
    );
    const tasks = fc.uniqueArray(
      fc.record({
        id: fc.nat(200).map((n) => `task ${n}`),
        executor: name,
        source,
        verdict: fc.constantFrom("unchecked" as const, "valid" as const, "invalid" as const, "undecided" as const),
        verifiers: fc.array(name, { maxLength: 5 }),
      }),
      { selector: ({ id }) => id, maxLength: 25 },
    );
    const share = fc.integer({ min: 0, max: 1_000_000 });
    const records = fc.uniqueArray(
      fc.record({ hotkey: name, isFraud: fc.boolean(), assigned: fc.nat(9), done: fc.nat(9), missRate: share }),
      { selector: ({ hotkey }) => hotkey },
    );
    fc.assert(
      fc.property(amount, tasks, records, share, share, (pot, all, hosts, verifiers, bounty) => {
        const settlement = settle({ pot, tasks: all, hosts }, { verifiers, bounty, allowedMisses: 10_000 });
        const payments = all.reduce((sum, { source: each }) => sum + ("payment" in each ? each.payment : 0n), 0n);
        assert.equal(settledTotal(settlement), pot + payments);
        for (const { paid, bounty: got, isFraud } of settlement.pays) {
          assert.ok(paid >= 0n && got >= 0n && got * 2n <= paid, "at most as much as honest earnings");
          if (isFraud) assert.equal(paid, 0n);
        }
        for (const burned of Object.values(settlement.burned)) assert.ok(burned >= 0n);
      }),
      { seed: 19, numRuns: 3000 },
    );
  });
});
