import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { neuronOf } from "#bench/dashboard/neuron.js";
import type { Metagraph } from "#shared/chain/chain.js";
import { networkSchema } from "#shared/protocol/network.js";
import { type AgreedScore, agreedScores, cycleWeights } from "#shared/rewards/cycle-weights.js";
import { NETUID, template } from "#tests/support/micro-network.js";

const network = networkSchema.parse({ ...template, genesis: "0".repeat(64) });

/** Hotkeys by uid; uid 0 is the owner. */
const metagraphOf = (...hotkeys: string[]): Metagraph => ({
  netuid: NETUID,
  block: 100,
  ownerHotkey: "owner",
  neurons: ["owner", ...hotkeys].map((hotkey, uid) => neuronOf({ uid, hotkey })),
});

const scored = (cycle: number, uid: number, hotkey: string, score: number, group = "math"): AgreedScore => ({
  cycle,
  uid,
  hotkey,
  group,
  verdict: "scored",
  score,
  independence: 1,
});
const unscored = (
  cycle: number,
  uid: number,
  hotkey: string,
  verdict: "rejected" | "abstained",
  group: string | null = "math",
): AgreedScore => ({
  cycle,
  uid,
  hotkey,
  group,
  verdict,
  score: 0,
  independence: null,
});

/** The validator whose weights they are. */
const SELF = { self: 200 };

/** Where both groups improved in every cycle. */
const weightsFor = (metagraph: Metagraph, history: readonly AgreedScore[], cycle: number) => {
  const progress = [6, 7, 8, 9].map((cycle) => ({ cycle, improved: ["math", "prose"], undecided: [], isAgreed: true }));
  return cycleWeights(network, metagraph, { history, progress }, cycle, SELF);
};

describe("the scores of a cycle", () => {
  it("are missed by whoever was not scored, where a report that counts cannot be had any more", () => {
    const outcomes = [scored(9, 1, "ann", 0.2), unscored(9, 2, "bob", "rejected"), unscored(9, 3, "cat", "abstained")];
    assert.deepEqual(agreedScores(9, { outcomes, isWhole: true }), outcomes);
    assert.deepEqual(agreedScores(9, { outcomes, isWhole: false }), outcomes.slice(0, 1));
  });
});

describe("cycleWeights", () => {
  it("pays for the cycles in which the group's model improved, and burns the rest", () => {
    const history = [6, 7, 8, 9].map((cycle) => scored(cycle, 1, "a", 0.2));
    const paid = (...improving: number[]) => {
      const progress = [6, 7, 8, 9].map((cycle) => ({
        cycle,
        improved: improving.includes(cycle) ? ["math"] : [],
        undecided: [],
        isAgreed: cycle < 9 ? true : null,
      }));
      const weights = new Map(cycleWeights(network, metagraphOf("a"), { history, progress }, 9, SELF));
      const [owner, miner] = [weights.get(0) ?? 0, weights.get(1) ?? 0];
      return Math.round((1000 * miner) / (owner + miner)) / 1000;
    };
    // Nobody works on prose: half of all pay is math's pool.
    assert.equal(paid(6, 7, 8, 9), 0.5);
    assert.equal(paid(7, 9), 0.25);
    assert.equal(paid(), 0, "scores alone earn nothing where the model stands still");
    const unnamed = [8, 9].map((cycle) => ({
      cycle,
      improved: ["math"],
      undecided: [],
      isAgreed: cycle < 9 ? false : null,
    }));
    assert.deepEqual(
      cycleWeights(network, metagraphOf("a"), { history, progress: unnamed }, 9, SELF),
      [
        [0, 65535],
        [1, 21845],
      ],
      "a step that no model took is paid for no longer once that is certain",
    );
    const unknown = cycleWeights(network, metagraphOf("a"), { history, progress: [] }, 9, SELF);
    assert.deepEqual(unknown, [[0, 65535]]);
  });

  it("gives nobody what is the owner's where the owner's hotkey has no uid: a validator's weight on itself counts for nothing", () => {
    const without = { ...metagraphOf("a"), ownerHotkey: "gone" };
    const history = [scored(9, 1, "a", 0.1)];
    assert.deepEqual(weightsFor(without, history, 9), [
      [1, 65535],
      [200, 65535],
    ]);
    assert.deepEqual(weightsFor(without, [], 9), [[200, 65535]], "uid 0 is a stranger's");
  });

  it("pays the top of each group alike, and burns to the owner what a group leaves", () => {
    const history = [scored(9, 1, "a", 0.1), scored(9, 2, "b", 0.3), scored(9, 3, "c", 0.2)];
    const weights = weightsFor(metagraphOf("a", "b", "c"), history, 9);
    // math has one half: 3/5 and 2/5 of it to the best two; nobody works on prose, so the owner has the other half.
    assert.deepEqual(weights, [
      [0, 65535],
      [2, 39321],
      [3, 26214],
    ]);
    const both = weightsFor(metagraphOf("a", "b"), [...history, scored(9, 1, "a", 0.01, "prose")], 9);
    assert.deepEqual(
      both.map(([uid]) => uid),
      [1, 2],
      "a small score in an empty group is worth that group's pool",
    );
  });

  it("takes the mean of the window, a missed cycle as zero, an abstained one as none", () => {
    const steady = [6, 7, 8, 9].map((cycle) => scored(cycle, 1, "a", 0.2));
    const order = (history: readonly AgreedScore[]) => {
      const weights = new Map(weightsFor(metagraphOf("a", "b"), [...steady, ...history], 9));
      return (weights.get(1) ?? 0) > (weights.get(2) ?? 0) ? "a" : "b";
    };
    assert.equal(order([scored(9, 2, "b", 0.7)]), "a", "0.7 once in four cycles is 0.175");
    assert.equal(order([scored(9, 2, "b", 0.9)]), "b");
    assert.equal(order([scored(5, 2, "b", 9), scored(9, 2, "b", 0.7)]), "a", "what left the window is forgotten");
    const abstained = (group: string | null) => [6, 7, 8].map((cycle) => unscored(cycle, 2, "b", "abstained", group));
    const once = scored(9, 2, "b", 0.3);
    assert.equal(order([...abstained("math"), once]), "b", "an abstention is left out of the mean");
    assert.equal(order([...abstained(null), once]), "b", "also where nothing was revealed");
    assert.equal(order([...abstained("prose"), once]), "a", "but not one in a group that it does not stand in");
    const rejected = [6, 7, 8].map((cycle) => unscored(cycle, 2, "b", "rejected"));
    assert.equal(order([...rejected, scored(9, 2, "b", 0.3)]), "a");
  });

  it("gives a uid's new holder nothing for what the old one did", () => {
    const history = [8, 9].map((cycle) => scored(cycle, 1, "old", 0.5));
    assert.deepEqual(weightsFor(metagraphOf("new"), history, 9), [[0, 65535]]);
    const moved = weightsFor(metagraphOf("x", "old"), history, 9);
    assert.deepEqual(moved, [[0, 65535]], "nor does a hotkey take its score to another uid");
  });

  it("gives cheaters, and those who only added noise, nothing", () => {
    const history = [
      ...[6, 7, 8, 9].map((cycle) => unscored(cycle, 1, "cheat", "rejected")),
      ...[6, 7, 8, 9].map((cycle) => scored(cycle, 2, "noise", 0)),
    ];
    assert.deepEqual(weightsFor(metagraphOf("cheat", "noise"), history, 9), [[0, 65535]]);
    assert.deepEqual(weightsFor(metagraphOf("cheat"), [], 9), [[0, 65535]]);
  });

  it("breaks ties alike whatever the uids", () => {
    const winner = (hotkeys: readonly string[]) => {
      const history = hotkeys.map((hotkey, i) => scored(9, i + 1, hotkey, 0.5));
      const best = weightsFor(metagraphOf(...hotkeys), history, 9)
        .filter(([uid]) => uid !== 0)
        .reduce((a, b) => (b[1] > a[1] ? b : a));
      return hotkeys[best[0] - 1];
    };
    assert.equal(winner(["a", "b", "c"]), winner(["c", "b", "a"]));
    assert.equal(winner(["b", "a", "c"]), winner(["c", "a", "b"]));
  });
});
