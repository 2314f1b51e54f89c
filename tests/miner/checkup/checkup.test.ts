import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type CycleHistory, readHistory } from "#miner/checkup/history.js";
import { checklist, type PointState } from "#miner/checkup/points.js";
import { minerSettings } from "#miner/config.js";
import type { TrainedWith } from "#miner/journal.js";
import { loadConfig } from "#shared/config/load.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { coded } from "../../support/coded.js";
import type { Flags } from "../../support/subnet.js";

const ADDRESS = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const config = (flags: Flags = {}) => loadConfig(minerSettings, { env: {}, flags: { expert_group: "math", ...flags } });

const whose = (checkpointDir: string, dryRun = false) => ({
  checkpointDir,
  address: ADDRESS,
  netuid: 7,
  wallet: { name: "demo", hotkey: "math" },
  dryRun,
});

/** The settings that `config()` has without flags. */
const SETTINGS: TrainedWith = {
  expert_group: "math",
  max_steps: 500,
  learning_rate: 3e-5,
  batch_size: 4,
  gradient_accumulation_steps: 4,
};

/** What its lines of metrics say of it. */
const OWN = { role: "miner", netuid: 7, wallet: "demo/math" };

/** A loss that falls fast and then stays, as a training that is long enough has it. */
const settled = [3, 2.4, 2.1, 2.05, 2.01, 2, 2, 2];

const good = (cycle: number): CycleHistory => ({
  cycle,
  settings: SETTINGS,
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
      ...["settled", "settled", "settled", "unknown", "settled", "settled", "settled", "settled", "settled"],
    ]);
  });

  const falling = [3, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3];
  const wrong: readonly (readonly [
    index: number,
    what: string,
    changes: Partial<CycleHistory>,
    advice: RegExp,
    flags?: Flags,
  ])[] = [
    [1, "a loss that rises", { lossReduction: -0.1 }, /lower learning_rate/],
    [
      2,
      "a loss that still falls when max_steps is reached",
      { losses: falling, settings: { ...SETTINGS, max_steps: 80 } },
      /raise max_steps above 80$/,
      { max_steps: 80 },
    ],
    [
      2,
      "that max_steps ended it, and is higher by now",
      { losses: falling, settings: { ...SETTINGS, max_steps: 80 } },
      /^max_steps is 500 here/,
    ],
    [
      2,
      "a loss that still falls when the phase ends, though max_steps is lower by now",
      { losses: falling },
      /^the train phase ended it.*plan --measure/,
      { max_steps: 80 },
    ],
    [
      2,
      "a loss that still falls in cycles of which nobody wrote down max_steps",
      { losses: falling, settings: undefined },
      /^raise max_steps if .*plan --measure/,
    ],
    [4, "steps left out", { skipped: 5, spikes: 2 }, /lower learning_rate to 0\.000015/],
    [
      4,
      "steps left out at a rate that is lower by now",
      { skipped: 5, settings: { ...SETTINGS, learning_rate: 1e-3 } },
      /^learning_rate is 0\.00003 here/,
    ],
    [4, "steps left out at a rate that nobody wrote down", { skipped: 5, settings: undefined }, /to half/],
    [5, "scores of zero", { score: 0 }, /blockzero-miner affinity/],
    [6, "windows missed", { committed: false, revealed: false }, /blockzero service/],
    [7, "updates refused", { verdict: "rejected" }, /blockzero explain/],
    [
      8,
      "a small step",
      { settings: { ...SETTINGS, gradient_accumulation_steps: 1 } },
      /gradient_accumulation_steps: 4 /,
      { gradient_accumulation_steps: 1 },
    ],
    [
      8,
      "a small step that is larger by now",
      { settings: { ...SETTINGS, batch_size: 8, gradient_accumulation_steps: 1 } },
      /^by the settings given here it is 16 sequences/,
    ],
  ];
  for (const [index, what, changes, advice, flags] of wrong)
    it(`names ${what}`, () => {
      const history = [1, 2, 3].map((cycle) => ({ ...good(cycle), ...changes }));
      const point = checklist(history, config(flags))[index]!;
      assert.equal(point.state, "open", point.says);
      assert.match(point.advice!, advice);
    });

  it("asks for no larger steps where there is no time for those that there are", () => {
    const small = { losses: falling, settings: { ...SETTINGS, gradient_accumulation_steps: 1 } };
    const history = [1, 2, 3].map((cycle) => ({ ...good(cycle), ...small }));
    const points = checklist(history, config({ gradient_accumulation_steps: 1 }));
    assert.match(points[2]!.advice!, /^the train phase ended it: .* smaller batch_size/);
    assert.deepEqual(
      [points[8]!.state, points[8]!.advice],
      ["unknown", "not before the train phase has time for more steps: see above"],
    );
  });

  it("gives each command that it names what the command cannot do without", () => {
    const bad = { lossReduction: -1, score: 0, losses: settled.toReversed() };
    const history = [1, 2, 3].map((cycle) => ({ ...good(cycle), ...bad }));
    const advice = checklist(history, config({ data_path: "own.jsonl" })).flatMap(({ advice }) => advice ?? []);
    const named = (command: string) => advice.filter((text) => text.includes(command));
    assert.equal(named("blockzero data check").length, 2);
    for (const text of named("blockzero data check"))
      assert.match(text, /data check own\.jsonl --group math --home \S+ --chain \S+ --netuid 1/);
    assert.equal(named("blockzero-miner affinity").length, 1);
    const own = { data_path: "my own.jsonl", allow_private_addresses: true };
    const quoted = checklist(history, config(own)).flatMap(({ advice }) => advice ?? []);
    assert.ok(quoted.some((text) => / data check 'my own\.jsonl' .* --allow-private-addresses/.test(text)));
    const without = checklist(history, config()).flatMap(({ advice }) => advice ?? []);
    assert.ok(without.every((text) => !/\.jsonl/.test(text)));
    for (const text of named("blockzero-miner affinity"))
      assert.match(text, /affinity --data own\.jsonl --chain_endpoint \S+ --netuid 1/);
  });

  it("judges past cycles by what they were trained with, and names where the settings differ", () => {
    const settings = {
      ...SETTINGS,
      max_steps: 160,
      learning_rate: 1e-3,
      batch_size: 8,
      gradient_accumulation_steps: 2,
    };
    const history = [1, 2, 3].map((cycle) => ({ ...good(cycle), settings, reached: 160, steps: 160 }));
    const flags = { expert_group: "prose", gradient_accumulation_steps: 1 };
    const [same, , long, , rate, group, , , step] = checklist(history, config(flags));
    assert.equal(same!.state, "unknown");
    assert.equal(
      same!.says,
      "no: expert_group was math and is prose here; max_steps was 160 and is 500 here; learning_rate was 0.001 and is 0.00003 here; batch_size was 8 and is 4 here; gradient_accumulation_steps was 2 and is 1 here",
    );
    assert.match(long!.says, /max_steps ended 3 of 3$/);
    assert.match(rate!.says, /^0 of 480 steps .* at 0\.001$/);
    assert.match(group!.says, /3 of 3 cycles in math,/);
    assert.deepEqual([step!.state, step!.says], ["settled", "16 sequences: batch_size 8, 2 forward passes"]);
  });

  it("says of cycles from before settings were written down that it does not know them", () => {
    const old = [1, 2].map((cycle) => ({ ...good(cycle), settings: undefined }));
    const [same, , long, , rate, group, , , step] = checklist(old, config());
    assert.deepEqual([same!.state, step!.state], ["unknown", "unknown"]);
    assert.match(same!.says, /not written down/);
    assert.match(long!.says, /what max_steps was is not known$/);
    assert.match(rate!.says, /at a rate that is not known$/);
    assert.match(group!.says, /2 of 2 cycles, rank/);
    assert.match(step!.says, /what was trained is not known/);
    assert.equal(checklist([...old, good(3)], config())[0]!.says, "1 of 3; of 2 it was not written down");
  });

  it("does not ask for longer training where the loss rises anyhow", () => {
    const history = [1, 2, 3].map((cycle) => ({
      ...good(cycle),
      losses: falling,
      lossReduction: cycle < 3 ? -0.1 : 1,
    }));
    const [, falls, long] = checklist(history, config());
    assert.deepEqual([falls!.state, long!.state], ["open", "unknown"]);
    assert.match(long!.says, /the loss still fell at the end of 3 of 3 cycles/);
    assert.match(long!.advice!, /^not before the loss falls/);
  });

  it("does not ask for longer training, and names a lower rate, where the loss falls in training alone", () => {
    const history = [1, 2, 3].map((cycle) => ({ ...good(cycle), losses: falling, score: cycle < 3 ? 0 : 0.1 }));
    const [, falls, long, , , group] = checklist(history, config());
    assert.deepEqual([falls!.state, long!.state, group!.state], ["settled", "unknown", "open"]);
    assert.match(long!.advice!, /^not before validators find a gain/);
    assert.match(group!.advice!, /^the loss falls in training and not on text that nobody trained: .*; or gather text/);
    const untold = history.map((cycle) => ({ ...cycle, lossReduction: undefined }));
    assert.match(checklist(untold, config())[5]!.advice!, /^gather text/);
  });

  it("asks for longer training where no cycle's loss was told at its end", () => {
    assert.equal(states([{ ...good(1), losses: falling, lossReduction: undefined }])[2], "open");
  });

  it("counts one cycle and one forward pass as one", () => {
    const one = {
      ...good(1),
      losses: settled.map((loss) => -loss),
      settings: { ...SETTINGS, gradient_accumulation_steps: 1 },
    };
    const points = checklist([one], config());
    assert.match(points[2]!.says, /at the end of 0 of 1 cycle;/);
    assert.equal(points[8]!.says, "4 sequences: batch_size 4, 1 forward pass");
  });

  it("gives no rank of a score of zero", () => {
    const group = checklist([good(1), { ...good(2), score: 0, rank: 5 }, { ...good(3), rank: 2 }], config())[5]!;
    assert.equal(group.says, "a score above zero in 2 of 3 cycles in math, rank 1.5 on average");
  });

  it("holds nothing against the miner that validators abstained on", () => {
    const abstained = (cycle: number) => ({ ...good(cycle), verdict: "abstained", score: 0, rank: undefined });
    const [, , , , , group, , judged] = checklist([good(1), abstained(2), abstained(3)], config());
    assert.deepEqual([group!.state, judged!.state], ["settled", "settled"]);
    assert.equal(group!.says, "a score above zero in 1 of 1 cycle in math, rank 1.0 on average");
    assert.equal(judged!.says, "all 1 were scored; validators abstained on 2, left out of the mean that pays");
    const none = checklist([abstained(1), abstained(2)], config());
    assert.deepEqual([none[5]!.state, none[7]!.state], ["unknown", "unknown"]);
    const refused = checklist([abstained(1), { ...good(2), verdict: "rejected" }], config())[7]!;
    assert.equal(refused.state, "open");
    assert.match(refused.says, /^cycle 2: rejected; validators abstained on 1/);
  });

  it("says nothing of what was not written yet", () => {
    const empty: CycleHistory = { cycle: 1, losses: [], committed: false, revealed: false };
    assert.deepEqual(new Set(states([empty])), new Set(["unknown"]));
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
      JSON.stringify({ cycles: { 1: { settings: SETTINGS, artifact: "ab", committed: 9, revealed: 12 } } }),
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
    assert.deepEqual(
      history.map(({ settings }) => settings),
      [SETTINGS, undefined, undefined],
    );
    assert.equal(history[2]!.spikes, 5);
    assert.deepEqual([score, rank, verdict, committed, revealed], [0.01, 2, "scored", true, true]);
    assert.deepEqual(checklist(history, config())[6]!.says, "1 of 2: 2 (commit)");
  });

  it("reads what dry runs made where it is asked of them, and nothing of it else", (t) => {
    const folder = temporaryFolder(t);
    const apart = join(folder, "dry-run");
    mkdirSync(apart);
    writeFileSync(join(apart, "metrics.jsonl"), `${JSON.stringify({ ...OWN, cycle: 5, "train/spikes": 1 })}\n`);
    const state = join(folder, ADDRESS, "dry-run", "0badcafe");
    mkdirSync(state, { recursive: true });
    writeFileSync(join(state, "miner.json"), JSON.stringify({ cycles: { 6: { begun: 60, settings: SETTINGS } } }));
    assert.throws(() => readHistory(whose(folder), 20), coded("HISTORY_MISSING"));
    assert.deepEqual(
      readHistory(whose(folder, true), 20).map(({ cycle, spikes, settings }) => [cycle, spikes, settings]),
      [
        [5, 1, undefined],
        [6, undefined, SETTINGS],
      ],
    );
  });
});
