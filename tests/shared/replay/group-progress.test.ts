import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StepVote } from "#shared/protocol/step-vote.js";
import { groupProgress } from "#shared/replay/ballots.js";
import { template } from "../../support/micro-network.js";

const base: StepVote = { better: [], best: 0 };
const first: StepVote = { better: [1], best: 1 };

/** The progress of `math`, where vera has all of the stake. */
const progressOf = (vote: StepVote, judged: readonly boolean[], { isWhole = true } = {}) => {
  const ballots = {
    votes: new Map([["math", [{ hotkey: "vera", vote }]]]),
    stakes: new Map([["vera", 1n]]),
    voters: ["vera"],
  };
  const outcomes = judged.map((isJudged) => ({ group: "math", isJudged }));
  return groupProgress(template, ballots, { outcomes: [{ group: null, isJudged: true }, ...outcomes], isWhole });
};

const stoodStill = { improved: [], undecided: [] };
const undecided = { improved: [], undecided: ["math"] };

describe("a group's progress", () => {
  it("is undecided where nobody judged any of its miners, whatever ballots say", () => {
    assert.deepEqual(progressOf(base, [false, false]), undecided);
    assert.deepEqual(progressOf(first, [false]), undecided);
  });

  it("is what ballots say where somebody judged one of them", () => {
    assert.deepEqual(progressOf(base, [false, true]), stoodStill);
    assert.deepEqual(progressOf(first, [false, true]), { improved: ["math"], undecided: [] });
  });

  it("is what ballots say where nobody worked for it", () => {
    assert.deepEqual(progressOf(base, []), stoodStill);
  });

  it("is what ballots say where it cannot be told any more who judged", () => {
    assert.deepEqual(progressOf(base, [false], { isWhole: false }), stoodStill);
  });
});
