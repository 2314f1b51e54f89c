import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { setCommitment } from "#shared/chain/call.js";
import type { Chain } from "#shared/chain/chain.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { startBlockClock } from "#shared/participant/block-clock.js";
import { commitOnce, type Intentions } from "#shared/participant/writes/commit-once.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { NETUID } from "#tests/support/micro-network.js";
import { openSubnet, until } from "#tests/support/subnet.js";
import { collectingLog, type Keys, makeGenesis, makeKeys, temporaryHome } from "../../chain/support.js";

const window = { start: 5, end: 8 };

/** A devchain whose miner commits; what it intends outlives `restart`. */
const open = async (t: TestContext, change: (chain: Chain) => Chain = (chain) => chain) => {
  const keys: Keys = await makeKeys();
  const node = await startDevchain({
    home: await temporaryHome(t),
    genesis: makeGenesis(keys),
    port: 0,
    blockTimeMs: 0,
  });
  t.after(() => node.close());
  const chain = await connectDevchain({ endpoint: node.endpoint });
  t.after(() => chain.close());
  const { log, lines } = collectingLog();
  const remembered = new Map<string, string>();
  const intentions: { -readonly [K in keyof Intentions]: Intentions[K] } = {
    intend: (key, data) => {
      if (!remembered.has(key)) remembered.set(key, data);
      return remembered.get(key)!;
    },
  };
  const stop = new AbortController();
  t.after(() => stop.abort());
  const clock = await startBlockClock(chain, stop.signal);
  const signer = keys.miner;
  const context = { chain: change(chain), clock, signer, netuid: NETUID, intentions, log, signal: stop.signal };
  return {
    node,
    chain,
    clock,
    stop,
    lines,
    intentions,
    commit: (data: string, { signal = stop.signal, start = window.start } = {}) =>
      commitOnce(
        { ...context, signal },
        { key: "3/commit", record: "commit", data, window: { start, end: start + 3 } },
      ),
    to: async (block: number) => {
      node.newBlocks(block - node.head.number);
      await clock.reach(block, stop.signal);
    },
    pooled: (total: number) => until(t, async () => (await chain.nonce(signer.address)) >= total),
    sent: () => chain.nonce(signer.address),
    shown: async () => (await chain.commitments(NETUID)).map(({ data, block }) => ({ data, block })),
  };
};

describe("commitOnce", { timeout: HANG_GUARD }, () => {
  it("waits for its window and says which block holds the record", async (t) => {
    const { commit, to, pooled, sent, shown } = await open(t);
    const block = commit("mine");
    await to(3);
    assert.equal(await sent(), 0, "nothing is sent before the block that opens the window can be next");
    await to(4);
    await pooled(1);
    await to(5);
    assert.equal(await block, 5);
    assert.deepEqual(await shown(), [{ data: "mine", block: 5 }]);
  });

  it("sends the first intended value after a crash, never another", async (t) => {
    const { commit, to, pooled, shown, sent } = await open(t);
    const crash = new AbortController();
    const first = assert.rejects(commit("first", { signal: crash.signal }), { code: "STOPPED" });
    crash.abort();
    await first;
    const block = commit("second");
    await to(4);
    await pooled(1);
    await to(5);
    assert.equal(await block, 5);
    assert.deepEqual(await shown(), [{ data: "first", block: 5 }]);
    assert.equal(await sent(), 1);
  });

  it("does not send what is on chain already", async (t) => {
    const { commit, to, pooled, sent } = await open(t);
    const first = commit("mine");
    await to(4);
    await pooled(1);
    await to(5);
    await first;
    await to(7);
    assert.equal(await commit("mine"), 5);
    assert.equal(await commit("other"), 5, "also where the caller has come to another value since");
    assert.equal(await sent(), 1);
  });

  it("waits for a disk that is away for a moment, as a network's may be", async (t) => {
    const { commit, to, pooled, intentions } = await open(t);
    const { intend } = intentions;
    intentions.intend = (key, data) => {
      intentions.intend = intend;
      throw Object.assign(new Error(`ENOTCONN: ${key}, ${data}`), { code: "ENOTCONN", syscall: "open" });
    };
    const block = commit("mine");
    await to(4);
    await pooled(1);
    await to(5);
    assert.equal(await block, 5);
  });

  it("looks before it sends again when the answer was lost", async (t) => {
    let lost = 0;
    const { commit, to, pooled, sent, lines } = await open(t, (chain) => ({
      ...chain,
      submit: async (...call) => {
        await chain.submit(...call);
        lost++;
        throw new BlockZeroError("CHAIN_DISCONNECTED", "the answer was lost", "try again");
      },
    }));
    const block = commit("mine");
    await to(4);
    await pooled(1);
    await to(5);
    await until(t, () => lines.length > 0);
    await to(6);
    assert.equal(await block, 5);
    assert.deepEqual([lost, await sent()], [1, 1]);
    assert.equal(lines[0]!.fields.reason, "the answer was lost");
  });

  it("tries again in each block of the window until it is there", async (t) => {
    let refusals = 2;
    const { commit, to, pooled } = await open(t, (chain) => ({
      ...chain,
      submit: async (...call) => {
        if (refusals-- > 0) throw new BlockZeroError("CHAIN_DISCONNECTED", "no connection", "try again");
        return chain.submit(...call);
      },
    }));
    const block = commit("mine");
    await to(4);
    await until(t, () => refusals === 1);
    await to(5);
    await until(t, () => refusals === 0);
    await to(6);
    await pooled(1);
    await to(7);
    assert.equal(await block, 7, "the last block of the window is in time");
  });

  it("sends nothing while it cannot be noted, and goes on when the disk has space again", async (t) => {
    const { commit, to, pooled, sent, lines, intentions } = await open(t);
    const { intend } = intentions;
    let isFull = true;
    intentions.intend = (key, data) => {
      if (isFull)
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
      return intend(key, data);
    };
    const block = commit("mine");
    await to(4);
    await until(t, () => lines.length === 2);
    await to(5);
    await until(t, () => lines.length === 3);
    assert.equal(await sent(), 0);
    isFull = false;
    await to(6);
    await pooled(1);
    await to(7);
    assert.equal(await block, 7);
    assert.equal(lines[1]!.fields.reason, "ENOSPC: no space left on device, write");
  });

  it("misses its window where the disk stays full", async (t) => {
    const { commit, to, sent, lines, intentions } = await open(t);
    intentions.intend = () => {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
    };
    const result = assert.rejects(commit("mine"), coded("WINDOW_MISSED", /before block 8: ENOSPC/));
    for (const [tries, block] of [4, 5, 6].entries()) {
      await to(block);
      await until(t, () => lines.length === tries + 2);
    }
    await to(7);
    await result;
    assert.equal(await sent(), 0);
  });

  it("waits for the block that the rate limit allows, and burns no attempt before", async (t) => {
    const { commit, to, pooled, sent, chain, lines } = await open(t);
    const keys = await makeKeys();
    // The space of a tempo is used up until block 8.
    const filler = Array.from({ length: 31 }, () => chain.submit(setCommitment(NETUID, "x".repeat(100)), keys.miner));
    await to(2);
    await pooled(31);
    await to(3);
    await Promise.all(filler);
    const block = commit("mine", { start: 7 });
    await to(6);
    await until(t, () => lines.length === 1);
    assert.equal(await sent(), 31);
    await to(7);
    await pooled(32);
    await to(8);
    assert.equal(await block, 8);
    assert.deepEqual(
      lines.map(({ fields }) => fields.reason),
      ["next allowed in 1 block, at block 8"],
    );
  });

  it("gives the last reason when the window closes", async (t) => {
    const { commit, to, lines } = await open(t, (chain) => ({
      ...chain,
      submit: async () => {
        throw new BlockZeroError("CHAIN_REJECTED", `refusal ${lines.length + 1}`, "wait");
      },
    }));
    const result = assert.rejects(
      commit("mine"),
      coded("WINDOW_MISSED", /^3\/commit was not on chain before block 8: refusal 3$/),
    );
    for (const [tries, block] of [4, 5, 6].entries()) {
      await to(block);
      await until(t, () => lines.length === tries + 1);
    }
    await to(7);
    await result;
  });

  it("counts inclusion at the window's end as late and says where it went", async (t) => {
    let asked = false;
    let deliver = () => {};
    const delay = new Promise<void>((resolve) => {
      deliver = resolve;
    });
    const { commit, to, pooled, shown } = await open(t, (chain) => ({
      ...chain,
      submit: async (...call) => {
        asked = true;
        await delay;
        return chain.submit(...call);
      },
    }));
    const result = assert.rejects(commit("mine"), coded("WINDOW_MISSED", /before block 8: block 8 included it/));
    await to(4);
    await until(t, () => asked);
    await to(7);
    deliver();
    await pooled(1);
    await to(8);
    await result;
    assert.deepEqual(await shown(), [{ data: "mine", block: 8 }]);
  });

  it("sends nothing once the window is over, or its last block is built", async (t) => {
    for (const block of [7, 8, 20]) {
      const { commit, to, sent } = await open(t);
      await to(block);
      await assert.rejects(commit("mine"), coded("WINDOW_MISSED", /window had closed/));
      assert.equal(await sent(), 0);
    }
  });

  it("takes a record of an earlier window for another one", async (t) => {
    const { commit, to, pooled, chain, sent } = await open(t);
    const keys = await makeKeys();
    const early = chain.submit(setCommitment(NETUID, "mine"), keys.miner);
    await pooled(1);
    await to(1);
    await early;
    const block = commit("mine");
    await to(4);
    await pooled(2);
    await to(5);
    assert.equal(await block, 5);
    assert.equal(await sent(), 2);
  });
});

describe("a participant's intentions", { timeout: HANG_GUARD }, () => {
  it("outlive it", async (t) => {
    const subnet = await openSubnet(t);
    const { start, end } = subnet.window(1, "commit");
    const first = await subnet.join("ann");
    const lost = assert.rejects(
      first.commitOnce({ key: "1/commit", record: "commit", data: "first", window: { start, end } }),
    );
    await yieldToEvents();
    await first.leave();
    await lost;
    const second = await subnet.join("ann");
    await subnet.to(start - 1);
    const block = second.commitOnce({ key: "1/commit", record: "commit", data: "second", window: { start, end } });
    await subnet.sent("ann", 1);
    await subnet.to(start);
    assert.equal(await block, start);
    const mine = (await subnet.chain.commitments(NETUID)).find(({ hotkey }) => hotkey === second.signer.address);
    assert.equal(mine?.data, "first");
    assert.equal(dirname(second.home), join(subnet.home, "ann", second.signer.address));
  });
});
