import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type CycleHistory, readHistory } from "#miner/checkup/history.js";
import { checklist, type PointState } from "#miner/checkup/points.js";
import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { coded } from "../../support/coded.js";
import type { Flags } from "../../support/subnet.js";

const ADDRESS = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const config = (flags: Flags = {}) => loadConfig(minerSettings, { env: {}, flags: { expert_group: "math", ...flags } });

const whose = (checkpointDir: string) => ({
  checkpointDir,
  address: ADDRESS,
  netuid: 7,
  wallet: { name: "demo", hotkey: "math" },
});

/** What its lines of metrics say of it. */
const OWN = { role: "miner", netuid: 7, wallet: "demo/math" };

/** A loss that falls fast and then stays, as a training that is long enough has it. */
const settled = [3, 2.4, 2.1, 2.05, 2.01, 2, 2, 2];

const good = (cycle: number): CycleHistory => ({
  cycle,
  losses: settled,
  steps: 80,
  reached: 80,
  lossReduction: 1,
  skipped: 0,
  spikes: 0,
  score: 0.02,
  rank: 1,
  verdict: "scored",
  committed: true,
  revealed: true,
});

const states = (history: readonly CycleHistory[], flags?: Flags): readonly PointState[] =>
  checklist(history, config(flags)).map(({ state }) => state);

describe("a miner's checkup", () => {
  it("finds nothing open where all is well", () => {
    assert.deepEqual(states([1, 2, 3].map(good)), [
      ...["settled", "settled", "unknown", "settled", "settled", "settled", "settled", "settled"],
    ]);
  });

  const wrong: readonly (readonly [
    index: number,
    what: string,
    changes: Partial<CycleHistory>,
    advice: RegExp,
    flags?: Flags,
  ])[] = [
    [0, "a loss that rises", { lossReduction: -0.1 }, /lower learning_rate/],
    [
      1,
      "a loss that still falls when max_steps is reached",
      { losses: [3, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3] },
      /raise max_steps above 80/,
      { max_steps: 80 },
    ],
    [
      1,
      "a loss that still falls when the phase ends",
      { losses: [3, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3] },
      /plan --measure/,
    ],
    [3, "steps left out", { skipped: 5, spikes: 2 }, /lower learning_rate to 0\.000015/],
    [4, "scores of zero", { score: 0 }, /blockzero-miner affinity/],
    [5, "windows missed", { committed: false, revealed: false }, /blockzero service/],
    [6, "updates refused", { verdict: "rejected" }, /blockzero explain/],
    [7, "a small step", {}, /gradient_accumulation_steps: 4 /, { gradient_accumulation_steps: 1 }],
  ];
  for (const [index, what, changes, advice, flags] of wrong)
    it(`names ${what}`, () => {
      const history = [1, 2, 3].map((cycle) => ({ ...good(cycle), ...changes }));
      const point = checklist(history, config(flags))[index]!;
      assert.equal(point.state, "open", point.says);
      assert.match(point.advice!, advice);
    });

  it("says nothing of what was not written yet", () => {
    const empty: CycleHistory = { cycle: 1, losses: [], committed: false, revealed: false };
    assert.deepEqual(new Set(states([empty]).slice(0, -1)), new Set(["unknown"]));
  });

  it("reads the miner's own files, a line that was cut among them, and cycles without any", (t) => {
    const folder = temporaryFolder(t);
    assert.throws(() => readHistory(whose(folder), 20), coded("HISTORY_MISSING"));
    const state = join(folder, ADDRESS, "0badcafe");
    mkdirSync(state, { recursive: true });
    const file = join(folder, "metrics.jsonl");
    const lines = [
      { cycle: 1, step: 10, "train/loss": 2.5, "train/learning_rate": 1e-4 },
      {
        cycle: 1,
        step: 14,
        "train/loss": 2.4,
        "train/loss_reduction": 0.3,
        "train/skipped_steps": 1,
        "train/spikes": 0,
      },
      { cycle: 1, "chain/w_i_score": 0.01, "chain/rank_in_group": 2, "chain/verdict": "scored" },
      { cycle: 3, step: 10, "train/loss": "NaN", "train/learning_rate": 1e-4 },
      // Of others that write into the same file.
      { ...OWN, role: "validator", cycle: 900 },
      { ...OWN, wallet: "demo/code", cycle: 1, step: 9, "train/loss": 9, "train/learning_rate": 1 },
      { ...OWN, cycle: 3, "train/spikes": 5 },
    ];
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    appendFileSync(file, '{"cycle": 4, "train/lo');
    writeFileSync(
      join(state, "miner.json"),
      JSON.stringify({ cycles: { 1: { artifact: "ab", committed: 9, revealed: 12 } } }),
    );
    const history = readHistory(whose(folder), 20);
    assert.deepEqual(
      history.map(({ cycle }) => cycle),
      [1, 2, 3],
    );
    assert.deepEqual(
      readHistory(whose(folder), 2).map(({ cycle }) => cycle),
      [2, 3],
    );
    const { losses, steps, lossReduction, skipped, score, rank, verdict, committed, revealed } = history[0]!;
    assert.deepEqual([losses, steps, lossReduction, skipped], [[2.5], 14, 0.3, 1]);
    assert.equal(history[2]!.spikes, 5);
    assert.deepEqual([score, rank, verdict, committed, revealed], [0.01, 2, "scored", true, true]);
    assert.deepEqual(checklist(history, config())[5]!.says, "1 of 2: 2 (commit)");
  });
});
