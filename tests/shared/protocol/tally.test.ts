import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { agreedModel } from "#shared/protocol/agreement.js";
import { type Report, reportSchema } from "#shared/protocol/report.js";
import { isMajority, permittedStakes, weightedMedian } from "#shared/protocol/stake.js";
import { tally } from "#shared/protocol/tally.js";
import { loadVectors } from "./vectors.js";

const vectors = loadVectors(
  "tally",
  z.object({
    network: z.string(),
    cycle: z.number(),
    base: z.string(),
    stakes: z.record(z.string(), z.string()),
    reports: z.array(reportSchema),
    outcomes: z.array(z.unknown()),
  }),
);
const stakes = new Map(Object.entries(vectors.stakes).map(([hotkey, stake]) => [hotkey, BigInt(stake)]));
const { network, cycle, base } = vectors;
const agree = (reports: readonly Report[], voters = stakes) => tally({ reports, stakes: voters, network, cycle, base });

test("vectors: outcomes, in whatever order reports arrive", () => {
  assert.deepEqual(agree(vectors.reports), vectors.outcomes);
  fc.assert(
    fc.property(fc.shuffledSubarray([...vectors.reports], { minLength: vectors.reports.length }), (reports) => {
      assert.deepEqual(agree(reports), vectors.outcomes);
    }),
    { seed: 6, numRuns: 20 },
  );
});

test("half of the stake is not more than half, and silence counts against a majority", () => {
  const [first, second] = vectors.reports;
  assert.ok(first !== undefined && second !== undefined);
  const even = new Map([
    [first.validator, 5n],
    [second.validator, 5n],
  ]);
  assert.equal(agree([first], even)[0]?.verdict, "abstained");
  assert.equal(agree([first], new Map([...even, [first.validator, 6n]]))[0]?.verdict, "scored");
  assert.equal(agree([first], new Map([...even, [first.validator, 6n], ["another", 1n]]))[0]?.verdict, "abstained");
});

test("a miner that withholds from most of the stake is rejected; one validator's failure is not held against it", () => {
  const entry = vectors.reports[0]?.entries[3];
  assert.ok(entry?.reason === "unreachable");
  const say = (reason: "unreachable" | "validator_failed") =>
    vectors.reports.map((report) => ({ ...report, entries: [{ ...entry, verdict: "abstained" as const, reason }] }));
  assert.equal(agree(say("unreachable"))[0]?.verdict, "rejected");
  assert.equal(agree(say("validator_failed"))[0]?.verdict, "abstained");
  assert.equal(agree(say("unreachable").slice(0, 1))[0]?.verdict, "abstained");
});

test("reports of another cycle, network or base model, of strangers, and two-faced ones are not counted", () => {
  const other = "f".repeat(64);
  const changed = (change: object) => vectors.reports.map((report) => ({ ...report, ...change }));
  for (const change of [{ cycle: cycle + 1 }, { network: other }, { base: other }, { validator: "stranger" }]) {
    assert.deepEqual(agree(changed(change)), []);
  }
  const [liar, ...honest] = vectors.reports;
  assert.ok(liar !== undefined);
  const twoFaced = [liar, { ...liar, entries: [], signature: "0".repeat(128) }];
  assert.deepEqual(agree([...twoFaced, ...honest]), agree(honest));
  assert.deepEqual(agree([...twoFaced, liar, ...honest]), agree(honest));
  assert.deepEqual(agree([liar, ...vectors.reports]), vectors.outcomes);
});

test("a minority cannot move the agreed score out of what the majority found", () => {
  const [first, second, third] = vectors.reports;
  const entry = first?.entries[0];
  assert.ok(first !== undefined && second !== undefined && third !== undefined && entry !== undefined);
  const score = fc.double({ min: 0, max: 10, noNaN: true });
  fc.assert(
    fc.property(score, score, score, (a, b, lie) => {
      const voters = new Map([
        [first.validator, 30n],
        [second.validator, 30n],
        [third.validator, 40n],
      ]);
      const found = [a, b, lie].map((value, i) => ({
        ...vectors.reports[i]!,
        entries: [{ ...entry, score: value, lossReduction: value, standardError: 0 }],
      }));
      const agreed = agree(found, voters)[0]?.score ?? Number.NaN;
      assert.ok(agreed >= Math.min(a, b) && agreed <= Math.max(a, b));
    }),
    { seed: 7 },
  );
});

test("the weighted median is the lower one, and one of its values", () => {
  const votes = (...pairs: readonly (readonly [number, bigint])[]) => pairs.map(([value, stake]) => ({ value, stake }));
  assert.equal(weightedMedian(votes([1, 1n], [2, 1n])), 1);
  assert.equal(weightedMedian(votes([1, 1n], [2, 2n])), 2);
  assert.equal(weightedMedian(votes([3, 1n], [1, 1n], [2, 1n])), 2);
  assert.equal(weightedMedian(votes([9, 0n], [5, 1n])), 5);
  assert.ok(Number.isNaN(weightedMedian([])));
});

test("only validators with a permit vote", () => {
  const neurons = [
    { hotkey: "a", stake: 3n, validatorPermit: true },
    { hotkey: "b", stake: 9n, validatorPermit: false },
    { hotkey: "c", stake: 2n, validatorPermit: true },
  ];
  const voters = permittedStakes(neurons);
  assert.deepEqual(
    [...voters],
    [
      ["a", 3n],
      ["c", 2n],
    ],
  );
  assert.ok(isMajority(3n, voters));
  assert.ok(!isMajority(2n, voters));
  assert.ok(!isMajority(0n, new Map()));
});

test("the model is what more than half of all stake committed", () => {
  const voters = new Map([
    ["a", 50n],
    ["b", 30n],
    ["c", 20n],
  ]);
  const say = (hotkey: string, model: string) =>
    ({ hotkey, record: { type: "model", network: "00000000", cycle: 1, model, location: "http://a" } }) as const;
  assert.equal(agreedModel([say("a", "x")], voters), null);
  assert.equal(agreedModel([say("a", "x"), say("c", "x"), say("b", "y")], voters), "x");
  assert.equal(agreedModel([say("b", "y"), say("c", "y"), say("stranger", "y")], voters), null);
  assert.equal(agreedModel([], voters), null);
});

test("a cycle in which every update looked worse is noise: nobody is scored, rejected or paid for it", () => {
  const entryOf = (verdict: string) => vectors.reports[0]!.entries.find((entry) => entry.verdict === verdict)!;
  const [scored, rejected] = [entryOf("scored"), entryOf("rejected")];
  const reports = (reductions: readonly number[]) =>
    vectors.reports.map((report) => {
      const entries = reductions.map((lossReduction, i) => ({
        ...scored,
        uid: 10 + i,
        lossReduction,
        score: Math.max(0, lossReduction),
      }));
      return { ...report, entries: [...entries, { ...rejected, uid: 20, reason: "no_reveal" as const }] };
    });
  const verdicts = (...reductions: number[]) => agree(reports(reductions)).map(({ verdict }) => verdict);
  assert.deepEqual(verdicts(-1, 0), ["abstained", "abstained", "abstained"]);
  assert.deepEqual(
    agree(reports([-1, -2])).map(({ reason, score, lossReduction }) => [reason, score, lossReduction]),
    [
      ["noise_cycle", 0, -1],
      ["noise_cycle", 0, -2],
      ["no_reveal", 0, null],
    ],
  );
  assert.deepEqual(verdicts(-1, 1e-9), ["scored", "scored", "rejected"], "one that helps makes it a cycle");
  assert.deepEqual(verdicts(-1), ["scored", "rejected"], "one miner alone is no proof");
});
