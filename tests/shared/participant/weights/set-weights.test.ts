import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setWeights } from "#shared/chain/call.js";
import { QUICKNET } from "#shared/chain/timelock/beacon.js";
import { setWeightsOnce } from "#shared/participant/weights/set-weights.js";
import { openWeights } from "#shared/participant/weights/weights-context.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { NETUID } from "../../../support/micro-network.js";
import { type Joined, openSubnet, until } from "../../../support/subnet.js";

const weights = [
  [0, 65535],
  [3, 100],
] as const;

const set = (joined: Joined, window: BlockRange) =>
  setWeightsOnce(openWeights(joined, QUICKNET), { key: String(window.start), weights, window });

describe("setWeightsOnce in the clear", { timeout: HANG_GUARD }, () => {
  it("sets them in the window and reads them back, once", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const window = subnet.window(1, "merge");
    await subnet.to(window.start);
    const setting = set(vera, window);
    await subnet.sent("vera", 1);
    await subnet.to(window.start + 1);
    assert.equal(await setting, window.start + 1);
    assert.deepEqual(await subnet.chain.weights(NETUID), [{ uid: subnet.uid("vera"), weights }]);
    for (const block of [window.start + 1, window.end - 1, window.end]) {
      await subnet.to(block);
      assert.equal(await set(vera, window), window.start + 1, "also when the window is over");
    }
    assert.equal(await subnet.chain.nonce(vera.signer.address), 1);
  });

  it("sends after a restart what it was about to send before, whatever the weights would be now", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const window = subnet.window(1, "merge");
    await subnet.to(window.start);
    const stop = new AbortController();
    const { chain, ...running } = openWeights(vera, QUICKNET);
    const submit = async () => {
      stop.abort();
      throw new Error("the program was killed");
    };
    const killed = { ...running, chain: { ...chain, submit }, signal: stop.signal };
    const key = String(window.start);
    await assert.rejects(setWeightsOnce(killed, { key, weights, window }), { name: "AbortError" });
    const setting = setWeightsOnce(openWeights(vera, QUICKNET), { key, weights: [[1, 65535]], window });
    await subnet.sent("vera", 1);
    await subnet.to(window.start + 1);
    assert.equal(await setting, window.start + 1);
    assert.deepEqual(await subnet.chain.weights(NETUID), [{ uid: subnet.uid("vera"), weights }]);

    const next = subnet.window(2, "merge");
    await subnet.to(next.start);
    const renewed = setWeightsOnce(openWeights(vera, QUICKNET), {
      key: String(next.start),
      weights: [[1, 65535]],
      window: next,
    });
    await subnet.sent("vera", 2);
    await subnet.to(next.start + 1);
    assert.equal(await renewed, next.start + 1);
    assert.deepEqual(await subnet.chain.weights(NETUID), [{ uid: subnet.uid("vera"), weights: [[1, 65535]] }]);
  });

  it("knows the rate limit before it sends, and waits", async (t) => {
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
    const setting = set(vera, window);
    const allowed = early + subnet.network.phases.merge;
    await until(t, () => vera.lines.some(({ message }) => message === "a rate limit makes a write wait"));
    await subnet.to(allowed - 1);
    await subnet.sent("vera", 2);
    await subnet.to(allowed);
    assert.equal(await setting, allowed);
    const [line] = vera.lines.filter(({ message }) => message === "a rate limit makes a write wait");
    const reason = `next allowed in ${allowed - window.start - 1} blocks, at block ${allowed}`;
    assert.deepEqual(line?.fields, { key: `${window.start}/weights`, reason, closes: window.end });
    assert.equal(await subnet.chain.nonce(vera.signer.address), 2, "nothing was sent that had to fail");
  });

  it("sends nothing where the rate limit outlasts the window", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const { start } = subnet.window(1, "merge");
    await subnet.to(start - 1);
    const first = subnet.chain.submit(setWeights(NETUID, [[0, 1]], 0), vera.signer);
    await subnet.sent("vera", 1);
    await subnet.to(start);
    await first;
    const window = { start: start + 1, end: start + 3 };
    const missed = assert.rejects(set(vera, window), {
      code: "WEIGHTS_MISSED",
      message: new RegExp(`next allowed in 4 blocks, at block ${start + 5}$`),
    });
    await until(t, () => vera.lines.some(({ message }) => message === "a rate limit makes a write wait"));
    await subnet.to(window.end);
    await missed;
    assert.equal(await subnet.chain.nonce(vera.signer.address), 1);
  });

  it("says why when the window closes without them", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000, poor: 900 } });
    const poor = await subnet.join("poor");
    const { start } = subnet.window(1, "merge");
    await subnet.to(start);
    const missed = assert.rejects(set(poor, { start, end: start + 2 }), {
      code: "WEIGHTS_MISSED",
      message: /^weights were not set before block \d+: .*stake/,
    });
    await subnet.sent("poor", 1);
    await subnet.to(start + 1);
    await missed;
    await assert.rejects(set(poor, { start, end: start + 1 }), /the window had closed/);
    assert.equal(await subnet.chain.nonce(poor.signer.address), 1);
  });

  it("in a dry run sends nothing, and leaves the next real run to it", async (t) => {
    const subnet = await openSubnet(t);
    const window = subnet.window(1, "merge");
    const rehearsing = await subnet.join("vera", { dry_run: true });
    await subnet.to(window.start);
    const rehearsal = set(rehearsing, window);
    await until(t, () => rehearsing.lines.some(({ message }) => message.startsWith("would send setWeights as ")));
    await subnet.to(window.start + 1);
    assert.equal(await rehearsal, window.start + 1);
    assert.equal(await set(rehearsing, window), window.start + 1, "its own chain shows them");
    assert.deepEqual(await subnet.chain.weights(NETUID), []);
    assert.equal(await subnet.chain.nonce(rehearsing.signer.address), 0);

    const vera = await subnet.join("vera", { "listen.port": 0 });
    assert.equal(rehearsing.home.replace(/dry-run./, ""), vera.home);
    const setting = set(vera, window);
    await subnet.sent("vera", 1);
    await subnet.to(window.start + 2);
    assert.equal(await setting, window.start + 2);
  });

  it("stops when the program does", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const window = subnet.window(1, "merge");
    await subnet.to(window.start);
    const stopped = assert.rejects(set(vera, window), { name: "AbortError" });
    await subnet.sent("vera", 1);
    vera.abort();
    await stopped;
    await until(t, async () => (await subnet.chain.nonce(vera.signer.address)) === 1);
  });
});
