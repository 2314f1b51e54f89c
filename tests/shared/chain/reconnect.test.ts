import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { before, describe, it, type TestContext } from "node:test";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { setCommitment } from "#shared/chain/call.js";
import { HeadStream, MAX_CATCH_UP } from "#shared/chain/connection/head-stream.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { until } from "../../support/subnet.js";
import { collectingLog, type Keys, makeGenesis, makeKeys, manualClock, NETUID, temporaryHome } from "./support.js";

let keys: Keys;
before(async () => {
  keys = await makeKeys();
});

/** A line to the node that the test can cut at the moment it wants. */
const startProxy = async (t: TestContext, target: () => string) => {
  const open = new Set<Socket>();
  let blocked = false;
  let silent = false;
  let onClientData = () => true;
  const server = createServer((client) => {
    if (blocked) return void client.destroy();
    const node = connect(Number(new URL(target()).port), "127.0.0.1");
    for (const socket of [client, node]) {
      open.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        node.destroy();
      });
    }
    client.on("data", (data) => {
      if (onClientData()) node.write(data);
    });
    node.on("data", (data) => silent || client.write(data));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  t.after(() => {
    cut();
    server.close();
  });
  return {
    endpoint: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Nothing of the node's reaches the client any more, until it connects anew. */
    silence: () => {
      silent = true;
    },
    block: (value: boolean) => {
      blocked = value;
      silent = false;
      if (value) cut();
    },
    /** Acts on the nth bytes from now that the client sends; passes them on where it says true. */
    onClientData: (nth: number, act: () => boolean) => {
      let left = nth;
      onClientData = () => --left !== 0 || act();
    },
  };
};

const start = async (t: TestContext) => {
  const home = await temporaryHome(t);
  const options = { home, genesis: makeGenesis(keys), blockTimeMs: 0 };
  let node = await startDevchain({ ...options, port: 0 });
  t.after(() => node.close());
  const proxy = await startProxy(t, () => node.endpoint);
  const collected = collectingLog();
  const chain = await connectDevchain({ endpoint: proxy.endpoint, log: collected.log });
  t.after(() => chain.close());
  const watcher = async () => {
    const direct = await connectDevchain({ endpoint: node.endpoint });
    t.after(() => direct.close());
    return direct;
  };
  return {
    ...collected,
    proxy,
    chain,
    watcher,
    node: () => node,
    restart: async (part: Partial<typeof options> = {}) => {
      await node.close();
      node = await startDevchain({ ...options, ...part, port: 0 });
    },
  };
};

describe("a client whose connection breaks", { timeout: HANG_GUARD }, () => {
  it("waits, and then answers what was asked meanwhile", async (t) => {
    const { chain, proxy, node, lines } = await start(t);
    proxy.block(true);
    const asked = Promise.all([chain.head(), chain.metagraph(NETUID)]);
    node().newBlocks(3);
    proxy.block(false);
    const [head, metagraph] = await asked;
    assert.deepEqual([head.number, metagraph.block], [3, 3]);
    assert.deepEqual(
      lines.filter(({ level }) => level !== "debug").map(({ level }) => level),
      ["warn", "info"],
    );
  });

  it("survives a restart of the node and misses no head", async (t) => {
    const { chain, restart, node } = await start(t);
    const numbers: number[] = [];
    const reached = new Promise<void>((resolve) => {
      chain.onHead(({ number }) => {
        numbers.push(number);
        if (number === 600) resolve();
      }, t.signal);
    });
    node().newBlocks(2);
    await chain.head();
    await restart();
    node().newBlocks(598);
    await reached;
    assert.deepEqual(
      numbers,
      Array.from({ length: 600 }, (_, i) => i + 1),
    );
  });

  // A write asks for the nonce first; the bytes after that are the extrinsic.
  it("writes once when it breaks before the node has the extrinsic", async (t) => {
    const { chain, proxy, node, watcher, said } = await start(t);
    const direct = await watcher();
    const lost = said("trying again");
    proxy.onClientData(2, () => {
      proxy.block(true);
      return false;
    });
    const write = chain.submit(setCommitment(NETUID, "once"), keys.miner);
    await lost;
    assert.equal(await direct.nonce(keys.miner.address), 0);
    proxy.block(false);
    while ((await direct.nonce(keys.miner.address)) === 0);
    node().newBlocks(1);
    assert.equal((await write).block, 1);
    assert.equal(await direct.nonce(keys.miner.address), 1);
  });

  it("writes once when it breaks after the node has the extrinsic but before it says so", async (t) => {
    const { chain, proxy, node, watcher } = await start(t);
    const direct = await watcher();
    proxy.onClientData(2, () => {
      proxy.silence();
      return true;
    });
    const write = chain.submit(setCommitment(NETUID, "once"), keys.miner);
    while ((await direct.nonce(keys.miner.address)) === 0);
    proxy.block(true);
    node().newBlocks(1);
    proxy.block(false);
    assert.equal((await write).block, 1);
    node().newBlocks(1);
    assert.equal(await direct.nonce(keys.miner.address), 1);
    assert.equal((await direct.commitments(NETUID))[0]!.block, 1);
  });

  it("learns of a block that was built during the outage", async (t) => {
    const { chain, proxy, node, watcher } = await start(t);
    const direct = await watcher();
    const good = chain.submit(setCommitment(NETUID, "kept"), keys.miner);
    const bad = assert.rejects(chain.submit(setCommitment(NETUID, "refused"), keys.other), coded("CHAIN_REJECTED"));
    while ((await direct.nonce(keys.miner.address)) + (await direct.nonce(keys.other.address)) < 2);
    await chain.head();
    proxy.block(true);
    node().newBlocks(2);
    proxy.block(false);
    assert.equal((await good).block, 1);
    await bad;
    assert.equal(await chain.nonce(keys.miner.address), 1);
  });

  it("writes again, in order, what a restart took out of the pool", async (t) => {
    const { chain, restart, node, watcher } = await start(t);
    const before = await watcher();
    const writes = ["one", "two", "three"].map((data) => chain.submit(setCommitment(NETUID, data), keys.miner));
    while ((await before.nonce(keys.miner.address)) < 3);
    await chain.head();
    await restart();
    const after = await watcher();
    while ((await after.nonce(keys.miner.address)) < 3);
    node().newBlocks(1);
    assert.deepEqual(
      (await Promise.all(writes)).map(({ block }) => block),
      [1, 1, 1],
    );
    assert.equal((await after.commitments(NETUID))[0]!.data, "three");
  });

  it("signs anew when another writer took its nonce meanwhile", async (t) => {
    const { chain, restart, proxy, node, watcher } = await start(t);
    const before = await watcher();
    const write = chain.submit(setCommitment(NETUID, "mine"), keys.miner);
    while ((await before.nonce(keys.miner.address)) < 1);
    await chain.head();
    proxy.block(true);
    await restart();
    const rival = await watcher();
    const theirs = rival.submit(setCommitment(NETUID, "theirs"), keys.miner);
    while ((await rival.nonce(keys.miner.address)) < 1);
    node().newBlocks(1);
    await theirs;
    proxy.block(false);
    while ((await rival.nonce(keys.miner.address)) < 2);
    node().newBlocks(1);
    assert.equal((await write).block, 2);
    assert.equal((await rival.commitments(NETUID))[0]!.data, "mine");
  });

  it("stops rather than go on with another chain", async (t) => {
    const { chain, restart, proxy } = await start(t);
    proxy.block(true);
    const waiting = chain.submit(setCommitment(NETUID, "x"), keys.miner);
    await restart({ home: await temporaryHome(t), genesis: { ...makeGenesis(keys), name: "other" } });
    proxy.block(false);
    await assert.rejects(waiting, coded("CHAIN_RESET"));
    await assert.rejects(chain.head(), coded("CHAIN_RESET"));
  });
});

/** A node of the devchain's wire with some blocks, the newest of now. */
const startForeign = async (
  t: TestContext,
  { count, mark, now }: { count: number; mark: string; now: () => number },
) => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const hash = (number: number) => (mark + number).padStart(64, "0");
  const head = (number: number) => ({ number, hash: hash(number), timestamp: now() });
  server.on("connection", (socket) =>
    socket.on("message", (data) => {
      const { id, method, params } = JSON.parse(String(data));
      const [from, most] = params as readonly [number, number];
      const heads = Array.from({ length: Math.max(0, Math.min(most, count + 1 - from)) }, (_, i) => head(from + i));
      const result = method === "chain_subscribe" ? { genesis: "0".repeat(64), head: head(count) } : heads;
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, result }));
    }),
  );
  const stop = () => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  };
  t.after(stop);
  return { endpoint: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
};

describe("blocks that nobody but one node has", { timeout: HANG_GUARD }, () => {
  const outlive = async (t: TestContext, made: number) => {
    const { clock, advance } = manualClock();
    const { now } = clock;
    const liar = await startForeign(t, { count: made, mark: "a", now });
    const honest = await startForeign(t, { count: 30, mark: "b", now });
    const lost: string[] = [];
    const chain = await connectDevchain({
      ...{ endpoint: [liar.endpoint, honest.endpoint], clock, staleMs: 5000 },
      onLost: ({ code }) => void lost.push(code),
    });
    t.after(() => chain.close());
    const begun = now();
    liar.stop();
    await until(t, () => {
      advance(20);
      return lost.length > 0 || now() - begun > 60_000;
    });
    return { lost, after: now() - begun };
  };
  for (const made of [20, 1_000_000])
    it(`end the program once all others had none of them for the time of a stale head: ${made} blocks`, async (t) => {
      const { lost, after } = await outlive(t, made);
      assert.deepEqual(lost, ["CHAIN_RESET"]);
      assert.ok(after >= 5000, String(after));
    });
});

describe("the stream of heads", () => {
  const head = (number: number) => ({ number, hash: String(number).padStart(64, "0"), timestamp: number });
  const deliver = () => {
    const numbers: number[] = [];
    const { log, lines, said } = collectingLog();
    const stream = new HeadStream(async (from, count) => Array.from({ length: count }, (_, i) => head(from + i)), log);
    stream.heard(head(10));
    const until = (number: number) =>
      new Promise<void>((resolve) =>
        stream.listen((next) => next.number === number && resolve(), new AbortController().signal),
      );
    stream.listen(({ number }) => numbers.push(number), new AbortController().signal);
    return { stream, numbers, lines, said, until };
  };

  it("puts what comes out of order into order, once", async () => {
    const { stream, numbers, until } = deliver();
    const reached = until(13);
    for (const number of [11, 11, 13, 9, 12]) stream.heard(head(number));
    await reached;
    assert.deepEqual(numbers.slice(0, 3), [11, 12, 13]);
  });

  it("skips the oldest, and says so, where too many were missed", async () => {
    const { stream, numbers, lines, until } = deliver();
    const end = 20 + MAX_CATCH_UP;
    const reached = until(end);
    stream.heard(head(end));
    await reached;
    assert.equal(numbers[0], 21);
    assert.ok(numbers.length >= MAX_CATCH_UP);
    assert.deepEqual(lines[0]?.fields, { skipped: 10 });
  });

  const FALSE_HEADS: Record<string, readonly number[]> = {
    "one far above": [1_000_000_000],
    "one at a height that cannot be asked for": [Number.MAX_SAFE_INTEGER],
    "as many as are kept": Array.from({ length: MAX_CATCH_UP }, (_, i) => 5_000_000 + i),
  };
  for (const [name, announced] of Object.entries(FALSE_HEADS))
    it(`goes on after blocks were announced that nobody has: ${name}`, async () => {
      const numbers: number[] = [];
      let newest = 10;
      const fetch = async (from: number, count: number) => {
        if (from > 0xffff_ffff) throw new RangeError("no block number");
        return Array.from({ length: count }, (_, i) => head(from + i)).filter(({ number }) => number <= newest);
      };
      const stream = new HeadStream(fetch, collectingLog().log);
      stream.heard(head(10));
      stream.listen(({ number }) => numbers.push(number), new AbortController().signal);
      for (const number of announced) stream.heard(head(number));
      await yieldToEvents();
      // The first after them was not heard: a gap.
      newest = 12;
      stream.heard(head(12));
      await yieldToEvents();
      assert.deepEqual(numbers, [11, 12]);
    });

  it("believes nothing more of what a node announced that was left", async () => {
    const numbers: number[] = [];
    const outage = new Promise<never>(() => {});
    const stream = new HeadStream(() => outage, collectingLog().log);
    stream.heard(head(10));
    stream.listen(({ number }) => numbers.push(number), new AbortController().signal);
    stream.heard({ ...head(12), hash: "f".repeat(64) });
    assert.ok(await stream.join(head(10), async () => [head(10)]));
    stream.heard(head(11));
    assert.deepEqual(numbers, [11]);
  });

  it("outlives a listener that throws", async () => {
    const { stream, numbers, lines } = deliver();
    stream.listen(() => {
      throw new Error("listener");
    }, new AbortController().signal);
    stream.heard(head(11));
    stream.heard(head(12));
    assert.deepEqual(numbers, [11, 12]);
    assert.equal(lines.filter(({ level }) => level === "error").length, 2);
  });
});
