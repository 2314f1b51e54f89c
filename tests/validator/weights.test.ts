import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setWeights } from "#shared/chain/call.js";
import type { Metagraph } from "#shared/chain/chain.js";
import { networkSchema } from "#shared/protocol/network.js";
import type { AgreedScore } from "#validator/journal.js";
import { cycleWeights, setWeightsOnce } from "#validator/weights.js";
import { NETUID, template } from "../support/micro-network.js";
import { openSubnet, until } from "../support/subnet.js";

const network = networkSchema.parse({ ...template, genesis: "0".repeat(64) });

/** Hotkeys by uid; uid 0 is the owner. */
const metagraphOf = (...hotkeys: string[]): Metagraph => ({
  netuid: NETUID,
  block: 100,
  ownerHotkey: "owner",
  neurons: ["owner", ...hotkeys].map((hotkey, uid) => ({
    uid,
    hotkey,
    coldkey: hotkey,
    stake: 0n,
    validatorPermit: false,
    active: true,
    rank: 0,
    trust: 0,
    validatorTrust: 0,
    incentive: 0,
    consensus: 0,
    dividends: 0,
    emission: 0n,
    lastUpdate: 0,
    registeredAt: 0,
    axon: null,
  })),
});

const scored = (cycle: number, uid: number, hotkey: string, score: number, group = "math"): AgreedScore => ({
  cycle,
  uid,
  hotkey,
  group,
  verdict: "scored",
  score,
});
const unscored = (cycle: number, uid: number, hotkey: string, verdict: "rejected" | "abstained"): AgreedScore => ({
  cycle,
  uid,
  hotkey,
  group: "math",
  verdict,
  score: 0,
});

describe("cycleWeights", () => {
  it("pays the top of each group alike, and burns to the owner what a group leaves", () => {
    const history = [scored(9, 1, "a", 0.1), scored(9, 2, "b", 0.3), scored(9, 3, "c", 0.2)];
    const weights = cycleWeights(network, metagraphOf("a", "b", "c"), history, 9);
    // math has one half: 3/5 and 2/5 of it to the best two; nobody works on prose, so the owner has the other half.
    assert.deepEqual(weights, [
      [0, 65535],
      [2, 39321],
      [3, 26214],
    ]);
    const both = cycleWeights(network, metagraphOf("a", "b"), [...history, scored(9, 1, "a", 0.01, "prose")], 9);
    assert.deepEqual(
      both.map(([uid]) => uid),
      [1, 2],
      "a small score in an empty group is worth that group's pool",
    );
  });

  it("takes the mean of the window, a missed cycle as zero, an abstained one as none", () => {
    const steady = [6, 7, 8, 9].map((cycle) => scored(cycle, 1, "a", 0.2));
    const order = (history: readonly AgreedScore[]) => {
      const weights = new Map(cycleWeights(network, metagraphOf("a", "b"), [...steady, ...history], 9));
      return (weights.get(1) ?? 0) > (weights.get(2) ?? 0) ? "a" : "b";
    };
    assert.equal(order([scored(9, 2, "b", 0.7)]), "a", "0.7 once in four cycles is 0.175");
    assert.equal(order([scored(9, 2, "b", 0.9)]), "b");
    assert.equal(order([scored(5, 2, "b", 9), scored(9, 2, "b", 0.7)]), "a", "what left the window is forgotten");
    const abstained = [6, 7, 8].map((cycle) => unscored(cycle, 2, "b", "abstained"));
    assert.equal(order([...abstained, scored(9, 2, "b", 0.3)]), "b", "an abstention is left out of the mean");
    const rejected = [6, 7, 8].map((cycle) => unscored(cycle, 2, "b", "rejected"));
    assert.equal(order([...rejected, scored(9, 2, "b", 0.3)]), "a");
  });

  it("gives a uid's new holder nothing for what the old one did", () => {
    const history = [8, 9].map((cycle) => scored(cycle, 1, "old", 0.5));
    assert.deepEqual(cycleWeights(network, metagraphOf("new"), history, 9), [[0, 65535]]);
    const moved = cycleWeights(network, metagraphOf("x", "old"), history, 9);
    assert.deepEqual(moved, [[0, 65535]], "nor does a hotkey take its score to another uid");
  });

  it("gives cheaters, and those who only added noise, nothing", () => {
    const history = [
      ...[6, 7, 8, 9].map((cycle) => unscored(cycle, 1, "cheat", "rejected")),
      ...[6, 7, 8, 9].map((cycle) => scored(cycle, 2, "noise", 0)),
    ];
    assert.deepEqual(cycleWeights(network, metagraphOf("cheat", "noise"), history, 9), [[0, 65535]]);
    assert.deepEqual(cycleWeights(network, metagraphOf("cheat"), [], 9), [[0, 65535]]);
  });

  it("breaks ties alike whatever the uids", () => {
    const winner = (hotkeys: readonly string[]) => {
      const history = hotkeys.map((hotkey, i) => scored(9, i + 1, hotkey, 0.5));
      const best = cycleWeights(network, metagraphOf(...hotkeys), history, 9)
        .filter(([uid]) => uid !== 0)
        .reduce((a, b) => (b[1] > a[1] ? b : a));
      return hotkeys[best[0] - 1];
    };
    assert.equal(winner(["a", "b", "c"]), winner(["c", "b", "a"]));
    assert.equal(winner(["b", "a", "c"]), winner(["c", "a", "b"]));
  });
});

describe("setWeightsOnce", { timeout: 20_000 }, () => {
  const weights = [
    [0, 65535],
    [3, 100],
  ] as const;

  it("sets them in the window and reads them back, once", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const window = subnet.window(1, "merge");
    await subnet.to(window.start);
    const set = setWeightsOnce(vera, weights, window);
    await subnet.sent("vera", 1);
    await subnet.to(window.start + 1);
    assert.equal(await set, window.start + 1);
    assert.deepEqual(await subnet.chain.weights(NETUID), [{ uid: subnet.uid("vera"), weights }]);
    for (const block of [window.start + 1, window.end - 1, window.end]) {
      await subnet.to(block);
      assert.equal(await setWeightsOnce(vera, weights, window), window.start + 1, "also when the window is over");
    }
    assert.equal(await subnet.chain.nonce(vera.signer.address), 1);
  });

  it("waits out the rate limit and says until when", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const window = subnet.window(1, "merge");
    const early = window.start - 2;
    await subnet.to(early - 1);
    const first = subnet.chain.submit(setWeights(NETUID, [[0, 1]], 0), vera.signer);
    await subnet.sent("vera", 1);
    await subnet.to(early);
    await first;
    await subnet.to(window.start);
    const set = setWeightsOnce(vera, weights, window);
    const allowed = early + subnet.network.phases.merge;
    for (let block = window.start + 1; block <= allowed; block++) {
      await subnet.sent("vera", 1 + block - window.start);
      await subnet.to(block);
    }
    assert.equal(await set, allowed);
    const reasons = vera.lines.filter(({ level }) => level === "warn").map(({ fields }) => String(fields.reason));
    assert.equal(reasons.length, allowed - window.start - 1);
    for (const reason of reasons) assert.match(reason, new RegExp(`retry at block ${allowed}`));
  });

  it("says why when the window closes without them", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000, poor: 900 } });
    const poor = await subnet.join("poor");
    const { start } = subnet.window(1, "merge");
    await subnet.to(start);
    const missed = assert.rejects(setWeightsOnce(poor, weights, { start, end: start + 2 }), (thrown: Error) => {
      assert.match(thrown.message, /^weights were not set before block \d+: .*stake/);
      return "code" in thrown && thrown.code === "WEIGHTS_MISSED";
    });
    await subnet.sent("poor", 1);
    await subnet.to(start + 1);
    await missed;
    await assert.rejects(setWeightsOnce(poor, weights, { start, end: start + 1 }), /the window had closed/);
    assert.equal(await subnet.chain.nonce(poor.signer.address), 1);
  });

  it("stops when the program does", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const { start, end } = subnet.window(1, "merge");
    await subnet.to(start);
    const set = assert.rejects(setWeightsOnce(vera, weights, { start, end }), { name: "AbortError" });
    await subnet.sent("vera", 1);
    vera.abort();
    await set;
    await until(t, async () => (await subnet.chain.nonce(vera.signer.address)) === 1);
  });
});
