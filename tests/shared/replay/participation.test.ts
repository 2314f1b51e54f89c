import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReportEntry } from "#shared/protocol/report.js";
import type { AgreedOutcome } from "#shared/protocol/voting/tally.js";
import { type Participation, participationIn } from "#shared/replay/participation.js";
import type { ExchangedReport } from "#shared/replay/reports.js";
import { madeUpReport } from "#tests/support/reports.js";

const stakes = new Map([
  ["vera", 500n],
  ["vito", 300n],
  ["vick", 200n],
]);

const committed = (hotkey: string, heldBy: number, counts: boolean): ExchangedReport => ({
  uid: 1,
  hotkey,
  hash: "a".repeat(64),
  location: "http://10.0.0.7:9000",
  record: "",
  block: 1,
  holders: [],
  heldBy,
  counts,
});

const entry = (uid: number, score: number, change: Partial<ReportEntry> = {}): ReportEntry => ({
  uid,
  hotkey: `miner ${uid}`,
  group: "math",
  artifact: `artifact ${uid}`,
  verdict: "scored",
  reason: null,
  detail: null,
  lossReduction: score,
  standardError: 0.001,
  batches: 12,
  growth: 1,
  independence: 1,
  score,
  ...change,
});

const agreed = (uid: number, score: number, change: Partial<AgreedOutcome> = {}): AgreedOutcome => ({
  uid,
  hotkey: `miner ${uid}`,
  group: "math",
  artifact: `artifact ${uid}`,
  verdict: "scored",
  reason: null,
  lossReduction: score,
  standardError: 0.001,
  score,
  independence: 1,
  isJudged: true,
  ...change,
});

const unscored = (reason: "malformed" | "unreachable" | "validator_failed"): Partial<ReportEntry> => ({
  verdict: reason === "malformed" ? "rejected" : "abstained",
  reason,
  score: 0,
});

/** What is told of a validator whose report, which counts, has these entries. */
const toldOf = (entries: readonly ReportEntry[], outcomes: readonly AgreedOutcome[]): Participation => {
  const exchange = {
    reports: [committed("vera", 1, true)],
    stakes,
    unheard: [],
    exchanged: new Set(["vera"]),
    silent: [],
  };
  return participationIn(exchange, [madeUpReport("vera", entries)], outcomes)[0]!;
};

describe("participation", () => {
  it("tells of every voter, who committed and votes no more, and who is silent, by descending stake", () => {
    const exchange = {
      reports: [committed("late", 0.2, false), committed("vera", 0.8, true)],
      stakes,
      unheard: [],
      exchanged: new Set(["vera", "vick"]),
      silent: ["idle"],
    };
    const told = participationIn(exchange, [madeUpReport("vera", [entry(4, 0.1)])], [agreed(4, 0.1)]);
    assert.deepEqual(told, [
      {
        hotkey: "vera",
        votes: true,
        stakeShare: 0.5,
        committed: true,
        heldBy: 0.8,
        counts: true,
        exchanged: true,
        agreement: 1,
        deviation: 0,
      },
      {
        hotkey: "vito",
        votes: true,
        stakeShare: 0.3,
        committed: false,
        heldBy: 0,
        counts: false,
        exchanged: false,
        agreement: null,
        deviation: null,
      },
      {
        hotkey: "vick",
        votes: true,
        stakeShare: 0.2,
        committed: false,
        heldBy: 0,
        counts: false,
        exchanged: true,
        agreement: null,
        deviation: null,
      },
      {
        hotkey: "idle",
        votes: false,
        stakeShare: 0,
        committed: false,
        heldBy: 0,
        counts: false,
        exchanged: false,
        agreement: null,
        deviation: null,
      },
      {
        hotkey: "late",
        votes: false,
        stakeShare: 0,
        committed: true,
        heldBy: 0.2,
        counts: false,
        exchanged: false,
        agreement: null,
        deviation: null,
      },
    ]);
  });

  it("says nothing of a report that could not be had, and divides by no stake", () => {
    const nobody = { unheard: [], exchanged: new Set<string>(), silent: [] };
    const [vera] = participationIn({ reports: [committed("vera", 1, true)], stakes, ...nobody }, [], []);
    assert.deepEqual([vera!.counts, vera!.agreement], [true, null]);
    const [alone] = participationIn({ reports: [committed("late", 0, false)], stakes: new Map(), ...nobody }, [], []);
    assert.deepEqual([alone!.hotkey, alone!.stakeShare], ["late", 0]);
  });

  it("agrees where verdict and artifact are the same, and a score is above zero alike", () => {
    const outcomes = [agreed(4, 0.1), agreed(5, 0), agreed(6, 0, { verdict: "rejected", reason: "malformed" })];
    const same = [entry(4, 0.2), entry(5, 0), entry(6, 0, unscored("malformed"))];
    assert.equal(toldOf(same, outcomes).agreement, 1);
    const two = 2 / 3;
    for (const other of [
      [entry(4, 0), same[1]!, same[2]!],
      [same[0]!, entry(5, 0.1), same[2]!],
      [same[0]!, same[1]!, entry(6, 0.1)],
      [entry(4, 0.2, { artifact: "of the cycle before" }), same[1]!, same[2]!],
      [entry(4, 0, unscored("validator_failed")), same[1]!, same[2]!],
      [entry(4, 0.2, { hotkey: "another on the uid" }), same[1]!, same[2]!],
      same.slice(1),
    ])
      assert.equal(toldOf(other, outcomes).agreement, two, JSON.stringify(other));
    // Who could not reach what others rejected as withheld saw the same.
    assert.equal(toldOf([same[0]!, same[1]!, entry(6, 0, unscored("unreachable"))], outcomes).agreement, 1);
  });

  it("compares nothing with an abstention, and no report where nothing was decided", () => {
    const abstained = agreed(4, 0, { verdict: "abstained", reason: "validator_failed" });
    assert.equal(toldOf([entry(4, 0.1)], [abstained]).agreement, null);
    assert.equal(toldOf([entry(4, 0.1), entry(5, 0.1)], [abstained, agreed(5, 0.1)]).agreement, 1);
  });

  it("measures how far scores are off, so that those of an earlier cycle show", () => {
    const outcomes = [agreed(4, 0.1), agreed(5, 0.2), agreed(6, 0)];
    const { deviation } = toldOf([entry(4, 0.15), entry(5, 0.1), entry(6, 0)], outcomes);
    assert.ok(Math.abs(deviation! - 0.5) < 1e-12);
    assert.equal(toldOf([entry(6, 0)], outcomes).deviation, null);
  });
});
