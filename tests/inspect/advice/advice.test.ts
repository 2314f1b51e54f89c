import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AdviceContext, adviceFor, type JudgedCycle } from "#inspect/advice/advice.js";
import { REASON_CODES } from "#shared/protocol/verdict.js";

const good: JudgedCycle = {
  verdict: "scored",
  reason: null,
  score: 0.01,
  lossReduction: 0.02,
  interval: [0.01, 0.03],
  independence: 1,
  rank: 1,
  ranked: 4,
  spare: 4,
};
const failed: JudgedCycle = {
  ...good,
  verdict: "rejected",
  reason: "norm",
  score: 0,
  lossReduction: null,
  interval: null,
  independence: null,
};
const context: AdviceContext = {
  window: 4,
  paidPlaces: 4,
  group: "math",
  groups: [
    { name: "math", miners: 4 },
    { name: "prose", miners: 4 },
  ],
};
const times = (count: number, cycle: JudgedCycle) => Array.from({ length: count }, () => cycle);
const texts = (cycles: readonly JudgedCycle[], change: Partial<AdviceContext> = {}) =>
  adviceFor(cycles, { ...context, ...change }).map(({ kind, text }) => `${kind}: ${text}`);

describe("advice to a miner", () => {
  it("has one line where nothing stands out, and one where nothing is known", () => {
    assert.deepEqual(
      texts(times(8, good)).map((text) => text.slice(0, 20)),
      ["good: Nothing stands"],
    );
    assert.match(texts([])[0]!, /^hint: Nothing is known/);
  });

  it("names what to change for every reason that a verdict can have", () => {
    for (const reason of REASON_CODES) {
      const verdict = reason === "validator_failed" ? "abstained" : "rejected";
      const [first] = texts([...times(7, good), { ...failed, verdict, reason }]);
      if (reason === "validator_failed") assert.match(first!, /^note: In 1 of its last 8 cycles validators could not/);
      else
        assert.match(
          first!,
          new RegExp(`^problem: \`${reason}\` in 1 of its last 8 cycles: each counts as zero\\. .{30}`),
        );
    }
  });

  it("says of what few validators found that it counts for nothing, and what it may be", () => {
    const [first, ...others] = texts([...times(7, good), { ...failed, verdict: "abstained", reason: "unreachable" }]);
    assert.match(
      first!,
      /^hint: Some validators said `unreachable` in 1 of its last 8 cycles, and too few judged it, so that it is left out of its mean\. .*listen\.port/,
    );
    assert.deepEqual(others, []);
  });

  it("tells updates that do harm from those that are too small to be told from chance", () => {
    const [harm] = texts([...times(7, good), { ...good, score: 0, lossReduction: -0.01, interval: [-0.02, 0] }]);
    assert.match(harm!, /^problem: In 1 of its last 8 cycles its update raised the loss\. Lower `learning_rate`/);
    const [small] = texts([
      ...times(6, good),
      ...times(2, { ...good, score: 0, lossReduction: 0.001, interval: [-0.01, 0.012] }),
    ]);
    assert.match(small!, /^hint: In 2 of its last 8 cycles its improvement was too small.*`max_steps`/);
  });

  it("looks at independence, at the last block, at the place and at fuller groups", () => {
    assert.match(
      texts(times(8, { ...good, independence: 0.2 }))[0]!,
      /^problem: Its independence is 0\.20.*learning_rate/,
    );
    assert.match(
      texts(times(8, { ...good, spare: 1 }))[0]!,
      /^hint: In 8 of its last 8 cycles it committed in the last block/,
    );
    assert.match(
      texts(times(8, { ...good, rank: 9, ranked: 12 }))[0]!,
      /^hint: It has place 9 of 12, and the curve pays the first 4/,
    );
    const groups = [
      { name: "math", miners: 9 },
      { name: "prose", miners: 2 },
    ];
    assert.match(texts(times(8, good), { groups })[0]!, /^hint: Group math has 9 miners, prose has 2/);
    assert.match(texts(times(2, good))[0]!, /^hint: Pay goes by the mean over 4 cycles/);
  });

  it("goes by the newest cycles, problems first", () => {
    const advice = adviceFor([...times(20, failed), ...times(8, good)], context);
    assert.deepEqual(
      advice.map(({ kind }) => kind),
      ["good"],
    );
    const mixed = adviceFor([...times(2, { ...good, spare: 0 }), ...times(2, failed)], context);
    assert.deepEqual(
      mixed.map(({ kind }) => kind),
      ["problem", "hint"],
    );
  });
});
