import assert from "node:assert/strict";
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it, type TestContext } from "node:test";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { setCommitment } from "#shared/chain/call.js";
import type { ConnectOptions } from "#shared/chain/connection/connect-options.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import type { BlockZeroError } from "#shared/errors/error.js";
import { type DevchainOptions, startDevchain } from "#shared/simulators/devchain/start.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { collectingLog, type Keys, makeGenesis, makeKeys, manualClock, NETUID, temporaryHome } from "../support.js";
import { type FaultProxy, type SubmitFault, startFaultProxy } from "./fault-proxy.js";

let keys: Keys;
before(async () => {
  keys = await makeKeys();
});

/** A node, and proxies before it of which a client knows. */
const start = async (t: TestContext, count = 1, options: Partial<DevchainOptions> = {}) => {
  const node = await startDevchain({
    home: await temporaryHome(t),
    genesis: makeGenesis(keys),
    port: 0,
    blockTimeMs: 0,
    ...options,
  });
  t.after(() => node.close());
  const proxies: FaultProxy[] = [];
  for (let i = 0; i < count; i++) {
    const proxy = await startFaultProxy(
      () => node.endpoint,
      () => node.newBlocks(1),
    );
    proxies.push(proxy);
    t.after(() => proxy.close());
  }
  const folder = await temporaryHome(t);
  const { clock, advance } = manualClock();
  const collected = collectingLog();
  const connect = async (part: Partial<ConnectOptions> = {}) => {
    const endpoint = proxies.map((proxy) => proxy.endpoint);
    const options = { endpoint, log: collected.log, clock, random: () => 0, keyFolder: join(folder, "keys") };
    const chain = await connectDevchain({ ...options, ...part });
    t.after(() => chain.close());
    return chain;
  };
  const direct = await connectDevchain({ endpoint: node.endpoint });
  t.after(() => direct.close());
  /** Lets virtual time pass until it is so. */
  const until = async (condition: () => boolean | Promise<boolean>) => {
    while (!(await condition())) {
      t.signal.throwIfAborted();
      advance(50);
      await yieldToEvents();
    }
  };
  const pooled = (nonce: number) => until(async () => (await direct.nonce(keys.miner.address)) >= nonce);
  const commit = (chain: Awaited<ReturnType<typeof connect>>, data: string) =>
    chain.submit(setCommitment(NETUID, data), keys.miner);
  const shown = async () => (await direct.commitments(NETUID)).map(({ data, block }) => ({ data, block }));
  return { node, proxies, connect, direct, until, pooled, commit, shown, advance, clock, ...collected };
};

/** Sends a write through a fault, and says in which block it stands. */
const writeThrough = async (t: TestContext, fault: SubmitFault) => {
  const { node, proxies, connect, direct, pooled, commit, until } = await start(t);
  const chain = await connect();
  proxies[0]!.submitFault = fault;
  const write = commit(chain, "once");
  let isOver = false;
  void write.finally(() => {
    isOver = true;
  });
  await pooled(1);
  if (fault !== "cut after inclusion") node.newBlocks(1);
  await until(() => isOver);
  const { block } = await write;
  node.newBlocks(2);
  return { block, nonce: await direct.nonce(keys.miner.address), submissions: proxies[0]!.submissions };
};

describe("a write whose line breaks", { timeout: HANG_GUARD }, () => {
  for (const fault of ["cut before", "cut after", "cut after inclusion", "twice"] as const)
    it(`is included once, from the same bytes: ${fault}`, async (t) => {
      const { block, nonce, submissions } = await writeThrough(t, fault);
      assert.deepEqual([block, nonce], [1, 1]);
      assert.equal(new Set(submissions).size, 1);
    });
});

describe("a write on a full disk", { timeout: HANG_GUARD }, () => {
  /** A folder in the way of the record's temporary file: it cannot be written. */
  const wayOf = (keyFolder: string, genesisHash: string) => {
    const way = join(keyFolder, genesisHash.slice(0, 16), keys.miner.address, "unsettled.json.tmp");
    return { block: () => mkdirSync(way, { recursive: true }), clear: () => rmdirSync(way) };
  };

  it("is not sent where it cannot be noted, and not later either: written again it is included once", async (t) => {
    const { node, connect, direct, pooled, commit, proxies } = await start(t);
    const keyFolder = await temporaryHome(t);
    const chain = await connect({ keyFolder });
    const disk = wayOf(keyFolder, chain.genesisHash);
    disk.block();
    await assert.rejects(commit(chain, "once"), { code: "EISDIR" });
    node.newBlocks(1);
    await chain.head();
    assert.deepEqual([proxies[0]!.submissions.length, await direct.nonce(keys.miner.address)], [0, 0]);
    disk.clear();
    const write = commit(chain, "once");
    await pooled(1);
    node.newBlocks(3);
    assert.equal((await write).block, 2);
    assert.equal(await direct.nonce(keys.miner.address), 1);
  });

  it("that is included meanwhile is told to its caller, and the writer goes on", async (t) => {
    const { node, connect, direct, pooled, commit, lines } = await start(t);
    const keyFolder = await temporaryHome(t);
    const chain = await connect({ keyFolder });
    const disk = wayOf(keyFolder, chain.genesisHash);
    const write = commit(chain, "once");
    await pooled(1);
    disk.block();
    node.newBlocks(1);
    assert.equal((await write).block, 1);
    assert.ok(lines.some(({ message }) => message === "cannot note that a write is over"));
    disk.clear();
    const next = commit(chain, "twice");
    await pooled(2);
    node.newBlocks(1);
    assert.equal((await next).block, 2);
    assert.equal(await direct.nonce(keys.miner.address), 2);
  });
});

describe("a node that is of no use", { timeout: HANG_GUARD }, () => {
  it("is left after two blocks without what it accepted, and the next one gets the same bytes", async (t) => {
    const { node, proxies, connect, pooled, commit, until, lines } = await start(t, 2);
    const chain = await connect();
    proxies[0]!.isBlackHole = true;
    const write = commit(chain, "once");
    await until(() => proxies[0]!.submissions.length > 0);
    await chain.head();
    node.newBlocks(2);
    await pooled(1);
    node.newBlocks(1);
    assert.equal((await write).block, 3);
    assert.deepEqual(proxies[1]!.submissions, proxies[0]!.submissions);
    assert.match(String(lines[0]?.fields.reason), /does not include what it accepts/);
  });

  it("is left when its head grows stale", async (t) => {
    const { proxies, connect, until, advance } = await start(t, 2);
    await connect({ staleMs: 60_000 });
    advance(59_000);
    assert.equal(proxies[1]!.connections, 0);
    advance(1_000);
    await until(() => proxies[1]!.connections === 1);
  });

  it("is left when it announces the same heads again and again", async (t) => {
    const { node, proxies, connect, until, advance } = await start(t, 2);
    const chain = await connect({ staleMs: 60_000 });
    node.newBlocks(1);
    const hasAnswered = async () => {
      let isDone = false;
      void chain.head().then(() => {
        isDone = true;
      });
      await until(() => isDone);
    };
    await hasAnswered();
    for (let round = 0; round < 4; round++) {
      proxies[0]!.announce("head", node.head);
      proxies[0]!.announce("head", { ...node.head, number: 0, hash: node.genesisHash });
      await hasAnswered();
      advance(30_000);
    }
    await hasAnswered();
    assert.ok(proxies[1]!.connections >= 1);
  });

  it("is connected to anew when its announcements end, also where there is no other", async (t) => {
    const { node, proxies, connect, until, advance } = await start(t);
    const chain = await connect({ staleMs: 60_000 });
    const numbers: number[] = [];
    chain.onHead(({ number }) => numbers.push(number), t.signal);
    node.newBlocks(1);
    await chain.head();
    proxies[0]!.endSubscriptions();
    node.newBlocks(3);
    await chain.head();
    advance(60_000);
    await until(() => numbers.length === 4);
    assert.ok(proxies[0]!.connections >= 2);
    assert.deepEqual(numbers, [1, 2, 3, 4]);
  });

  it("is passed over when its head is older than a live chain's", async (t) => {
    const { clock } = manualClock();
    const behind = await start(t, 1, { clock });
    behind.node.newBlocks(1);
    const { node, proxies, connect, direct, lines } = await start(t, 1);
    node.newBlocks(1);
    const endpoint = [behind.proxies[0]!.endpoint, proxies[0]!.endpoint];
    const chain = await connectingTo(t, connect, endpoint, Date.now());
    assert.equal((await chain.head()).hash, (await direct.head()).hash);
    assert.match(lines[0]!.message, /CHAIN_BEHIND/);
  });

  it("is never used again when it serves another chain", async (t) => {
    const { node, proxies, connect, until, lines } = await start(t, 1);
    const foreign = await startDevchain({
      home: await temporaryHome(t),
      genesis: { ...makeGenesis(keys), name: "other" },
      port: 0,
      blockTimeMs: 0,
    });
    t.after(() => foreign.close());
    const chain = await connect({ endpoint: [proxies[0]!.endpoint, foreign.endpoint] });
    proxies[0]!.cut();
    await until(() => lines.some(({ message }) => message.includes("WRONG_NETWORK")));
    proxies[0]!.cut();
    await until(() => lines.filter(({ message }) => message === "connected to the chain again").length === 1);
    node.newBlocks(1);
    assert.equal((await chain.head()).hash, node.head.hash);
  });
});

describe("a node that served the chain before", { timeout: HANG_GUARD }, () => {
  const NOT_USED = "an endpoint is not used";
  const AGAIN = "connected to the chain again";

  for (const method of ["chain_subscribe", "chain_heads"])
    it(`is asked again where it once answered ${method} of a new connection with an error`, async (t) => {
      const { node, proxies, connect, until, lines } = await start(t);
      const lost: BlockZeroError[] = [];
      const chain = await connect({ onLost: (error) => lost.push(error) });
      proxies[0]!.refusedMethod = method;
      proxies[0]!.cut();
      await until(() => lost.length > 0 || lines.some(({ message }) => message.startsWith(NOT_USED)));
      assert.deepEqual(lost, []);
      proxies[0]!.refusedMethod = undefined;
      await until(() => lines.some(({ message }) => message === AGAIN));
      node.newBlocks(1);
      assert.equal((await chain.head()).hash, node.head.hash);
    });

  it("is asked again in a later round, where there are others", async (t) => {
    const { node, proxies, connect, until, lines } = await start(t, 2);
    const [own, other] = proxies as [FaultProxy, FaultProxy];
    const chain = await connect();
    other.refusedMethod = "chain_heads";
    own.cut();
    await until(() => lines.filter(({ message }) => message === AGAIN).length === 1);
    other.refusedMethod = undefined;
    own.isRefusing = true;
    own.cut();
    await until(() => lines.filter(({ message }) => message === AGAIN).length === 2);
    node.newBlocks(1);
    assert.equal((await chain.head()).hash, node.head.hash);
  });

  it("may come back with far fewer blocks, and is waited for", async (t) => {
    const { node, connect, until, lines } = await start(t);
    const { node: restored } = await start(t);
    let target = node.endpoint;
    const proxy = await startFaultProxy(
      () => target,
      () => {},
    );
    t.after(() => proxy.close());
    node.newBlocks(40);
    restored.newBlocks(10);
    const lost: BlockZeroError[] = [];
    const chain = await connect({ endpoint: proxy.endpoint, onLost: (error) => lost.push(error) });
    target = restored.endpoint;
    proxy.cut();
    await until(() => lost.length > 0 || lines.some(({ message }) => message.includes("CHAIN_BEHIND")));
    assert.deepEqual(lost, []);
    target = node.endpoint;
    await until(() => lines.some(({ message }) => message === AGAIN));
    assert.equal((await chain.head()).hash, node.head.hash);
  });

  it("serves another chain where it has other blocks at the same height", async (t) => {
    const { node, connect, until } = await start(t);
    const { node: other } = await start(t, 0, { clock: manualClock(1_600_000_000_000).clock });
    let target = node.endpoint;
    const proxy = await startFaultProxy(
      () => target,
      () => {},
    );
    t.after(() => proxy.close());
    assert.equal(other.genesisHash, node.genesisHash);
    node.newBlocks(40);
    other.newBlocks(50);
    const lost: BlockZeroError[] = [];
    await connect({ endpoint: proxy.endpoint, onLost: (error) => lost.push(error) });
    target = other.endpoint;
    proxy.cut();
    await until(() => lost.length > 0);
    assert.equal(lost[0]!.code, "CHAIN_RESET");
  });
});

/** Behind is measured against the wall clock; the virtual one is set to it. */
const connectingTo = (
  t: TestContext,
  connect: (part: Partial<ConnectOptions>) => ReturnType<typeof connectDevchain>,
  endpoint: readonly string[],
  now: number,
) => {
  const { clock, advance } = manualClock(now);
  const timer = setInterval(() => advance(20), 1);
  t.after(() => clearInterval(timer));
  return connect({ endpoint, clock });
};

describe("a fork of one block", { timeout: HANG_GUARD }, () => {
  for (const keep of [true, false])
    it(`moves a write, which is reported where it stays: the block's extrinsics ${keep ? "wait again" : "are lost"}`, async (t) => {
      const { node, connect, pooled, commit, shown } = await start(t);
      const chain = await connect({ confirmations: 1 });
      const write = commit(chain, "moved");
      await pooled(1);
      node.newBlocks(1);
      await chain.head();
      node.undoBlock(keep);
      node.newBlocks(1);
      await pooled(1);
      node.newBlocks(2);
      const { block } = await write;
      assert.equal(block, keep ? 1 : 2);
      assert.deepEqual(await shown(), [{ data: "moved", block }]);
    });

  it("does not lose a write that was reported before it", async (t) => {
    const { node, connect, pooled, commit, shown } = await start(t);
    const chain = await connect();
    const write = commit(chain, "kept");
    await pooled(1);
    node.newBlocks(1);
    await write;
    node.undoBlock(false);
    node.newBlocks(1);
    await pooled(1);
    node.newBlocks(1);
    assert.deepEqual(await shown(), [{ data: "kept", block: 2 }]);
  });
});

describe("a client that crashes", { timeout: HANG_GUARD }, () => {
  it("takes up what it had sent, and sends nothing twice", async (t) => {
    const { node, connect, direct, pooled, commit } = await start(t);
    const first = await connect();
    const lost = assert.rejects(commit(first, "once"), coded("CHAIN_CLOSED"));
    await pooled(1);
    await first.close();
    await lost;
    const second = await connect();
    const write = commit(second, "once");
    await second.head();
    node.newBlocks(1);
    assert.equal((await write).block, 1);
    assert.equal(await direct.nonce(keys.miner.address), 1);
  });

  it("learns that it was included meanwhile", async (t) => {
    const { node, connect, direct, pooled, commit } = await start(t);
    const first = await connect();
    const lost = assert.rejects(commit(first, "once"), coded("CHAIN_CLOSED"));
    await pooled(1);
    await first.close();
    await lost;
    node.newBlocks(3);
    assert.equal((await commit(await connect(), "once")).block, 1);
    assert.equal(await direct.nonce(keys.miner.address), 1);
  });

  it("signs anew where another writer took the nonce", async (t) => {
    const { node, proxies, connect, direct, pooled, commit, until } = await start(t);
    const first = await connect();
    proxies[0]!.isBlackHole = true;
    const lost = assert.rejects(commit(first, "mine"), coded("CHAIN_CLOSED"));
    await until(() => proxies[0]!.submissions.length > 0);
    await first.close();
    await lost;
    const theirs = commit(direct, "theirs");
    await pooled(1);
    node.newBlocks(1);
    await theirs;
    proxies[0]!.isBlackHole = false;
    const write = commit(await connect(), "mine");
    await pooled(2);
    node.newBlocks(1);
    assert.equal((await write).block, 2);
  });
});
