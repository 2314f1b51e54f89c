import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isPlanted, whoGuessed } from "#miner/planted.js";
import type { ReportEntry } from "#shared/protocol/report.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { madeUpReport } from "../support/reports.js";

const cycles = Array.from({ length: 400 }, (_, cycle) => cycle);
const miner = { uid: 4, hotkey: "miner" };

const entry = (score: number, change: Partial<ReportEntry> = {}): ReportEntry => ({
  ...miner,
  group: "math",
  artifact: "a".repeat(64),
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

describe("planted updates", () => {
  it("come in one cycle of four, the same when asked again, others in another home", (t) => {
    const folder = temporaryFolder(t);
    const [ann, bob] = [{ home: join(folder, "ann") }, { home: join(folder, "bob") }];
    const planted = (of: typeof ann) => cycles.filter((cycle) => isPlanted(of, cycle));
    const first = planted(ann);
    // 100 of 400 expected, 8.7 the standard deviation.
    assert.ok(first.length > 50 && first.length < 150, `${first.length} of ${cycles.length}`);
    assert.deepEqual(planted(ann), first);
    assert.notDeepEqual(planted(bob), first);
  });

  it("tell who scored without measuring", () => {
    const reports = [
      madeUpReport("measures", [entry(0)]),
      madeUpReport("guesses", [entry(0.1)]),
      madeUpReport("failed", [entry(0, { verdict: "abstained", reason: "validator_failed" })]),
      madeUpReport("is silent", []),
      madeUpReport("names another", [entry(0.1, { hotkey: "another" })]),
    ];
    assert.deepEqual(whoGuessed(reports, miner.hotkey, "bad"), ["guesses"]);
    assert.deepEqual(whoGuessed(reports, miner.hotkey, "good"), ["measures"]);
  });
});
