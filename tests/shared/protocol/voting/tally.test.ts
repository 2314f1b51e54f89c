import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { type Report, reportSchema } from "#shared/protocol/report.js";
import { agreedModel } from "#shared/protocol/voting/agreement.js";
import { isMajority, marginalVote, permittedStakes, voteAtHalf } from "#shared/protocol/voting/stake.js";
import { tally } from "#shared/protocol/voting/tally.js";
import { loadVectors } from "../vectors.js";

const minersSchema = z.array(z.object({ uid: z.number(), hotkey: z.string(), group: z.string().nullable() }));
const vectors = loadVectors(
  "tally",
  z.object({
    network: z.string(),
    cycle: z.number(),
    base: z.string(),
    stakes: z.record(z.string(), z.string()),
    reports: z.array(reportSchema),
    miners: minersSchema,
    outcomes: z.array(z.unknown()),
  }),
);
const stakes = new Map(Object.entries(vectors.stakes).map(([hotkey, stake]) => [hotkey, BigInt(stake)]));
const { network, cycle, base, miners } = vectors;
const scoredEntry = vectors.reports[0]!.entries.find(({ verdict }) => verdict === "scored")!;
const agree = (
  reports: readonly Report[],
  voters = stakes,
  judged: readonly (typeof miners)[number][] = miners,
  unheard: readonly string[] = [],
) => {
  const judging = judged.map(({ uid, hotkey, group }) => ({ uid, hotkey, reveal: group === null ? null : { group } }));
  return tally({ reports, stakes: voters, unheard, miners: judging, network, cycle, base });
};

test("vectors: outcomes, in whatever order reports arrive", () => {
  assert.deepEqual(agree(vectors.reports), vectors.outcomes);
  fc.assert(
    fc.property(fc.shuffledSubarray([...vectors.reports], { minLength: vectors.reports.length }), (reports) => {
      assert.deepEqual(agree(reports), vectors.outcomes);
    }),
    { seed: 6, numRuns: 20 },
  );
});

test("vectors: outcomes while some are away", () => {
  const away = loadVectors(
    "tally-away",
    z.object({
      network: z.literal(network),
      cycle: z.literal(cycle),
      base: z.literal(base),
      miners: minersSchema,
      cases: z.array(
        z.object({
          about: z.string(),
          stakes: z.record(z.string(), z.string()),
          unheard: z.array(z.string()),
          reports: z.array(reportSchema),
          outcomes: z.array(z.unknown()),
        }),
      ),
    }),
  );
  for (const { about, stakes: shares, unheard, reports, outcomes } of away.cases) {
    const voters = new Map(Object.entries(shares).map(([hotkey, stake]) => [hotkey, BigInt(stake)]));
    for (const order of [reports, reports.toReversed()])
      assert.deepEqual(agree(order, voters, away.miners, unheard), outcomes, about);
  }
});

test("half of the stake is not more than half, and silence counts against a majority", () => {
  const [first, second] = vectors.reports;
  assert.ok(first !== undefined && second !== undefined);
  const even = new Map([
    [first.validator, 5n],
    [second.validator, 5n],
  ]);
  assert.equal(agree([first], even)[0]?.verdict, "abstained");
  assert.equal(
    agree([first, { ...second, entries: [] }], even)[0]?.verdict,
    "abstained",
    "silence on it is as absence",
  );
  assert.equal(agree([first], new Map([...even, [first.validator, 6n]]))[0]?.verdict, "scored");
  assert.equal(agree([first], new Map([...even, [first.validator, 6n], ["another", 1n]]))[0]?.verdict, "abstained");
  assert.equal(agree([first], new Map([...even, ["another", 1n]]))[0]?.verdict, "abstained");
});

test("a miner that withholds is rejected; only a majority of the validators' own failures leaves its cycle out", () => {
  const entry = vectors.reports[0]?.entries[3];
  assert.ok(entry?.reason === "unreachable");
  type Said = "unreachable" | "validator_failed" | "scored" | null;
  const voters = new Map([1n, 1n, 1n, 1n].map((stake, i) => [vectors.reports[i]!.validator, stake]));
  const said = (...all: readonly Said[]) => {
    const reports = all.map((reason, i) => ({
      ...vectors.reports[i]!,
      entries:
        reason === null
          ? []
          : reason === "scored"
            ? [{ ...scoredEntry, uid: entry.uid, hotkey: entry.hotkey }]
            : [{ ...entry, reason }],
    }));
    const [outcome] = agree(reports, voters, [entry]);
    return [outcome?.verdict, outcome?.reason];
  };
  assert.deepEqual(said("unreachable", "unreachable", "unreachable"), ["rejected", "unreachable"]);
  assert.deepEqual(said("unreachable", "unreachable", "scored", "scored"), ["rejected", "unreachable"]);
  assert.deepEqual(said("unreachable", "unreachable", "validator_failed"), ["rejected", "unreachable"]);
  assert.deepEqual(
    said("scored", "scored", "validator_failed", null),
    ["abstained", "validator_failed"],
    "who failed itself, or says nothing of it, is as who is away",
  );
  assert.deepEqual(
    said("scored", "unreachable", "validator_failed", null),
    ["rejected", "unreachable"],
    "half is no majority of failures, nor of those who judge it",
  );
  assert.deepEqual(
    said("scored", "scored", "validator_failed"),
    ["abstained", "validator_failed"],
    "one did not report",
  );
  assert.deepEqual(said("validator_failed", "validator_failed", "validator_failed", "scored"), [
    "abstained",
    "validator_failed",
  ]);
  assert.deepEqual(said("unreachable"), ["abstained", "unreachable"], "three did not report");
  assert.deepEqual(said("unreachable", null, null, null), ["abstained", "unreachable"], "three are silent on it");
  assert.deepEqual(said(), ["abstained", null], "nobody reported");
});

test("what a liar with less than half of the stake says rejects nobody while others are away or fail that most of the rest scored", () => {
  const entry = vectors.reports[0]?.entries[3];
  assert.ok(entry?.reason === "unreachable");
  const of = (index: number, said: typeof entry | null) => ({
    ...vectors.reports[index]!,
    entries: said ? [said] : [],
  });
  const good = { ...scoredEntry, uid: entry.uid, hotkey: entry.hotkey };
  const agreed = (entries: readonly (typeof entry | null)[], ...shares: readonly bigint[]) =>
    agree(
      entries.map((said, i) => of(i, said)),
      new Map(shares.map((stake, i) => [vectors.reports[i]!.validator, stake])),
      [entry],
    )[0]?.verdict;
  const rejected = { ...entry, verdict: "rejected", reason: "malformed" } as const;
  const failed = { ...entry, reason: "validator_failed" } as const;
  const worthless = { ...good, lossReduction: -1, standardError: 0.001, score: 0 };
  const copied = { ...good, independence: 0 };
  for (const lie of [entry, rejected, failed, worthless, copied]) {
    assert.equal(agreed([lie, good], 40n, 45n, 15n), "abstained", String(lie.reason));
    assert.equal(agreed([lie, good], 49n, 50n, 1n), "abstained", String(lie.reason));
    assert.equal(agreed([lie, good, good], 40n, 45n, 15n), "scored", String(lie.reason));
    for (const trouble of [failed, null]) {
      assert.equal(agreed([lie, good, trouble], 40n, 50n, 10n), "abstained", String(lie.reason));
      assert.equal(agreed([lie, good, trouble], 49n, 50n, 1n), "abstained", String(lie.reason));
      assert.equal(agreed([lie, good, trouble], 40n, 45n, 5n, 10n), "abstained", String(lie.reason));
    }
  }
  assert.equal(agreed([worthless, good], 45n, 40n, 15n), "scored", "most of those who are there give it nothing");
  assert.equal(
    agreed([entry, good, failed], 45n, 45n, 10n),
    "rejected",
    "half of those who judge it could not fetch it",
  );
  assert.equal(agreed([entry, good], 45n, 40n, 15n), "rejected", "most of those who are there could not fetch it");
  const other = { ...good, artifact: "f".repeat(64) };
  assert.equal(agreed([entry, good, other], 40n, 30n, 25n, 5n), "rejected", "they scored different artifacts");
});

test("who chooses whose reports count neither rejects nor brings down what all scored who are there, while it has less stake than they", () => {
  const entry = vectors.reports[0]?.entries[3];
  assert.ok(entry?.reason === "unreachable");
  const good = { ...scoredEntry, uid: entry.uid, hotkey: entry.hotkey };
  const names = ["mallory", "vera", "vela", "viv"];
  /** What is agreed where these of the honest are heard, and all who are there hold all their reports. */
  const agreedOn = (
    shares: readonly number[],
    heard: readonly number[],
    lie: "unreachable" | "worth nothing" | "of nobody's own" | "worth all" | "shown to nobody" | "none",
  ) => {
    const voters = new Map(shares.map((stake, i) => [names[i]!, BigInt(stake)]));
    voters.set("away", BigInt(100 - shares.reduce((sum, stake) => sum + stake, 0)));
    const report = (i: number, said: typeof entry): Report => ({
      ...vectors.reports[0]!,
      ...{ validator: names[i]!, entries: [said], signature: names[i]! },
    });
    const lies = {
      unreachable: entry,
      "worth nothing": { ...good, lossReduction: -1, score: 0 },
      "of nobody's own": { ...good, independence: 0 },
      "worth all": { ...good, score: 900, independence: 900 },
      "shown to nobody": null,
      none: null,
    } as const;
    const said = lies[lie];
    const reports = [...(said ? [report(0, said)] : []), ...heard.map((i) => report(i, good))];
    const unheard = names.slice(1, shares.length).filter((_, i) => !heard.includes(i + 1));
    return agree(reports, voters, [entry], unheard)[0]!;
  };
  const subsets = (of: readonly number[]): readonly (readonly number[])[] =>
    Array.from({ length: 2 ** of.length }, (_, bits) => of.filter((_, i) => (bits >> i) & 1));
  for (const shares of [
    [40, 45],
    [40, 25, 20],
    [40, 41, 1],
    [49, 25, 25],
    [30, 20, 10, 20],
    [24, 1, 24, 25],
  ])
    for (const heard of subsets(shares.slice(1).map((_, i) => i + 1)))
      for (const lie of [
        ...(["unreachable", "worth nothing", "of nobody's own", "worth all"] as const),
        ...(["shown to nobody", "none"] as const),
      ]) {
        const { verdict, score, independence } = agreedOn(shares, heard, lie);
        const told = JSON.stringify({ shares, heard, lie });
        assert.notEqual(verdict, "rejected", told);
        if (verdict === "scored") assert.deepEqual([score, independence], [good.score, good.independence], told);
      }
});

/** Validators of these stakes that give figures of one update, the liar first; of 100, the others are away. */
const figuresOf = (shares: readonly number[], figures: readonly number[], silent: readonly string[] = []) => {
  const names = shares.map((_, i) => `v${i}`);
  const voters = new Map(shares.map((stake, i) => [names[i]!, BigInt(stake)]));
  voters.set("away", BigInt(100 - shares.reduce((sum, stake) => sum + stake, 0)));
  const reports = names.flatMap((validator, i): Report[] => {
    const entries = [{ ...scoredEntry, score: figures[i]!, independence: figures[i]! }];
    return silent.includes(validator) ? [] : [{ ...vectors.reports[0]!, validator, entries, signature: validator }];
  });
  return agree(reports, voters, undefined, silent)[0]!;
};

test("while some are away, whose honest figures differ agree on one of theirs, and a liar with less stake than they on none of its own", () => {
  const part = (most: number) => fc.integer({ min: 1, max: most });
  const figure = fc.constantFrom(0, 1e-3, 0.5, 0.9, 1, 1.5, 2, 900);
  fc.assert(
    fc.property(
      part(30),
      part(30),
      part(30),
      part(49),
      figure,
      fc.subarray(["v1", "v2", "v3"]),
      (a, b, c, l, lie, silent) => {
        fc.pre(l < a + b + c && a + b + c + l <= 100);
        // Somebody was short of time, and is a third off.
        const honest = [1, 1.005, 4 / 3];
        const { verdict, score, independence } = figuresOf([l, a, b, c], [lie, ...honest], silent);
        assert.notEqual(verdict, "rejected");
        if (verdict === "abstained") return;
        const least = silent.length > 0 ? 0.99 : 1;
        for (const agreed of [score, independence!]) assert.ok(agreed >= least && agreed <= 4 / 3, String(agreed));
      },
    ),
    { seed: 11, numRuns: 2000 },
  );
});

test("while some are away, no liar with less than half of the stake moves a figure to more than twice what some honest validator gives", () => {
  const part = (most: number) => fc.integer({ min: 1, max: most });
  fc.assert(
    fc.property(
      part(30),
      part(30),
      part(49),
      fc.constantFrom(1.1, 1.9, 2, 2.1, 900),
      fc.boolean(),
      (a, b, l, lie, isUnheard) => {
        fc.pre(a + b + l <= 100);
        const { score, independence } = figuresOf([l, a, b], [lie, 1, 0.9], isUnheard ? ["v1"] : []);
        for (const agreed of [score, independence ?? 0]) assert.ok(agreed <= 2, String(agreed));
      },
    ),
    { seed: 12, numRuns: 2000 },
  );
});

test("honest figures that differ are agreed on while others are away: the largest that most of those give at least who are there", () => {
  const agreed = (shares: readonly number[], figures: readonly number[], silent: readonly string[] = []) => {
    const { verdict, score, independence } = figuresOf(shares, figures, silent);
    return verdict === "scored" ? [score, independence] : verdict;
  };
  assert.deepEqual(agreed([45, 40], [0.5, 0.4]), [0.5, 0.5]);
  assert.deepEqual(
    agreed([45, 40], [0.5, 0.25]),
    [0.5, 0.5],
    "it is no more than twice what a majority gives at least",
  );
  assert.equal(agreed([45, 40], [0.5, 0.24]), "abstained");
  assert.deepEqual(agreed([40, 45], [0.5, 0.24]), [0.24, 0.24], "most of those who are there give no more");
  assert.deepEqual(agreed([40, 40], [0.5, 0.24]), [0.24, 0.24], "half is not more than half");
  assert.deepEqual(agreed([60, 40], [0.5, 0.1]), [0.5, 0.5]);
  assert.deepEqual(agreed([40, 60], [900, 0.1]), [0.1, 0.1], "nobody is away");
  assert.deepEqual(
    agreed(
      Array.from({ length: 9 }, () => 10),
      [1, 0.8, 0.6, 0.6, 0.6, 0.5, 0.5, 0.5, 0.5],
    ),
    [0.6, 0.6],
  );
  assert.deepEqual(
    agreed([40, 20, 25], [0.5, 0.5, 0], ["v2"]),
    [0.5, 0.5],
    "the unheard change nothing where all are alike",
  );
  assert.deepEqual(agreed([40, 20, 25], [0.496, 0.5, 0], ["v2"]), [0.496, 0.496]);
  assert.equal(agreed([40, 20, 25], [0.49, 0.5, 0], ["v2"]), "abstained", "the unheard may have given 0.5");
});

test("no liar with less than half of the stake moves a score above what some honest validator gives, nor below it", () => {
  const score = fc.double({ min: 0, max: 10, noNaN: true });
  fc.assert(
    fc.property(score, score, fc.constantFrom(0, 1e-3, 900, null), (a, b, lie) => {
      const isSilent = lie === null;
      const voters = new Map([25n, 26n, 49n].map((stake, i) => [vectors.reports[i]!.validator, stake]));
      const found = [a, b, lie ?? 0]
        .map((value, i) => ({
          ...vectors.reports[i]!,
          entries: [{ ...scoredEntry, score: value, independence: value }],
        }))
        .slice(0, isSilent ? 2 : 3);
      const [outcome] = agree(found, voters);
      // With the liar away those who are there may differ by too much.
      if (isSilent && Math.max(a, b) > 2 * Math.min(a, b) && outcome?.verdict === "abstained") return;
      for (const agreed of [outcome?.score, outcome?.independence])
        assert.ok(agreed! >= Math.min(a, b) && agreed! <= Math.max(a, b));
    }),
    { seed: 7 },
  );
});

test("reports of another cycle, network or base model, of strangers, and two-faced ones are not counted", () => {
  const other = "f".repeat(64);
  const changed = (change: object) => vectors.reports.map((report) => ({ ...report, ...change }));
  for (const change of [{ cycle: cycle + 1 }, { network: other }, { base: other }, { validator: "stranger" }]) {
    assert.deepEqual(agree(changed(change)), agree([]));
  }
  const [liar, ...honest] = vectors.reports;
  assert.ok(liar !== undefined);
  const twoFaced = [liar, { ...liar, entries: [], signature: "0".repeat(128) }];
  assert.deepEqual(agree([...twoFaced, ...honest]), agree(honest));
  assert.deepEqual(agree([...twoFaced, liar, ...honest]), agree(honest));
  assert.deepEqual(agree([liar, ...vectors.reports]), vectors.outcomes);
});

test("for which group one worked that is not scored its reveal says, and no report of a few", () => {
  const voters = new Map([45n, 40n, 15n].map((stake, i) => [vectors.reports[i]!.validator, stake]));
  const [known] = miners;
  const said = (verdict: "abstained" | "rejected", reason: "validator_failed" | "unreachable" | "norm") =>
    vectors.reports.slice(1, 2).map((report) => ({
      ...report,
      entries: [
        {
          ...{ ...scoredEntry, uid: known!.uid, hotkey: known!.hotkey, group: "math", verdict, reason, score: 0 },
          ...{ lossReduction: null, standardError: null, batches: null, growth: null, independence: null },
        },
      ],
    }));
  for (const reports of [
    said("abstained", "validator_failed"),
    said("abstained", "unreachable"),
    said("rejected", "norm"),
  ])
    for (const group of ["prose", null])
      assert.equal(agree(reports, voters, [{ ...known!, group }])[0]?.group, group, reports[0]!.entries[0]!.reason!);
});

test("who is judged the chain says: a report that names somebody else says nothing", () => {
  const [first] = vectors.reports;
  assert.ok(first !== undefined);
  const failed = first.entries.find(({ reason }) => reason === "validator_failed")!;
  const rejected = first.entries.find(({ verdict }) => verdict === "rejected")!;
  for (const entry of [failed, rejected, scoredEntry])
    assert.deepEqual(agree([{ ...first, entries: [entry] }], stakes, []), [], entry.verdict);
  const [known] = miners;
  const taken = { ...failed, uid: known!.uid, hotkey: first.validator };
  assert.deepEqual(
    agree([{ ...first, entries: [taken] }], stakes, [known!]).map(({ uid, hotkey }) => ({ uid, hotkey })),
    [{ uid: known!.uid, hotkey: known!.hotkey }],
    "another hotkey under a judged uid is nobody",
  );
});

test("the vote at the margin is the first at which more than half of all stake has spoken", () => {
  const votes = (...stakes: readonly bigint[]) => stakes.map((stake, at) => ({ stake, at }));
  const all = (total: bigint) => new Map([["all", total]]);
  assert.equal(marginalVote(votes(1n, 1n), all(2n))?.at, 1);
  assert.equal(marginalVote(votes(2n, 1n), all(3n))?.at, 0);
  assert.equal(marginalVote(votes(0n, 1n), all(1n))?.at, 1);
  assert.equal(marginalVote(votes(1n), all(2n)), undefined);
  assert.equal(marginalVote([], all(0n)), undefined);
  assert.equal(voteAtHalf(votes(1n, 1n), { of: 3n })?.at, 1);
  assert.equal(voteAtHalf(votes(1n, 1n), { of: 3n, above: 1n })?.at, 0);
  assert.equal(voteAtHalf(votes(1n, 1n), { of: 4n }), undefined);
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
