import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { TypeRegistry } from "@polkadot/types";
import type { Header } from "@polkadot/types/interfaces";
import { WebSocketServer } from "ws";
import { RpcError } from "#shared/chain/connection/rpc-socket.js";
import { openLink } from "#shared/chain/subtensor/link.js";
import { linkProvider } from "#shared/chain/subtensor/provider.js";
import { headsFrom } from "#shared/chain/subtensor/substrate.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { silentLog } from "#shared/telemetry/log.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { until } from "../../../support/subnet.js";
import { collectingLog } from "../support.js";

const zeros = `0x${"00".repeat(32)}`;
const header = { parentHash: zeros, number: "0x0", stateRoot: zeros, extrinsicsRoot: zeros, digest: { logs: [] } };
const hashOf = (json: object) => new TypeRegistry().createType<Header>("Header", json).hash.toHex();
const genesis = hashOf(header);

/** A header of each block from the first on. */
const headers = () => {
  let parentHash = genesis;
  let number = 0;
  return () => {
    const next = { ...header, parentHash, number: `0x${(++number).toString(16)}` };
    parentHash = hashOf(next);
    return next;
  };
};

/** Metadata of version 14 without a type, a pallet or an extension. */
const METADATA = "0x6d6574610e000000040000";

/**
 * A node with a genesis block alone, which answers subscriptions to its runtime as the test says, and greets no sooner than it says. Its heads may
 * follow.
 */
const startNode = async (
  t: TestContext,
  subscribe: () => object,
  greets: (connection: number) => Promise<void> = async () => {},
  metadata: () => object = () => assert.fail("nobody asks for metadata"),
  time: () => object | null = () => ({ result: null }),
) => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const send = (message: object) => {
    for (const client of server.clients) client.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
  };
  const answers: Readonly<Record<string, (params: readonly unknown[]) => object | null>> = {
    chain_getBlockHash: ([numbers]) => ({
      result: (numbers as readonly number[]).map((number) => (number === 0 ? genesis : null)),
    }),
    chain_getHeader: () => ({ result: header }),
    state_getStorage: time,
    chain_subscribeNewHeads: () => ({ result: "heads" }),
    state_subscribeRuntimeVersion: subscribe,
    state_getMetadata: metadata,
  };
  let connections = 0;
  server.on("connection", (socket) => {
    const connection = ++connections;
    socket.on("message", async (data) => {
      const { id, method, params } = JSON.parse(String(data));
      if (method === "chain_getBlockHash") await greets(connection);
      const answer = answers[method]!(params);
      if (answer !== null) send({ id, ...answer });
    });
  });
  const drop = () => {
    for (const client of server.clients) client.terminate();
  };
  t.after(() => {
    drop();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const notify = (subscription: string, result: unknown) =>
    send({ method: "notification", params: { subscription, result } });
  return { endpoint: `ws://127.0.0.1:${port}`, notify, drop };
};

describe("a subscription that a node did not take", { timeout: HANG_GUARD }, () => {
  it("is asked for again with its next head", async (t) => {
    let asked = 0;
    const busy = { error: { code: -32029, message: "Too many requests" } };
    const { endpoint, notify } = await startNode(t, () => (++asked === 1 ? busy : { result: "runtime" }));
    const link = await openLink({
      ...{ endpoint, log: silentLog },
      ...{ onFork: () => {}, onEnd: () => {}, onReconnected: () => {} },
    });
    t.after(() => link.end(new BlockZeroError("CHAIN_CLOSED", "over", "")));
    const heard: unknown[] = [];
    await link.subscribe("state_subscribeRuntimeVersion", [], (result) => heard.push(result));
    assert.equal(asked, 1);
    notify("heads", header);
    await until(t, () => asked === 2);
    notify("runtime", "a version");
    await until(t, () => heard.length === 1);
    notify("heads", header);
    await link.request("chain_getHeader", []);
    assert.deepEqual([asked, heard], [2, ["a version"]]);
  });

  it("is asked for once on a new connection, where it came while the node was greeted", async (t) => {
    let asked = 0;
    let greeting = 0;
    let greeted = 0;
    let meet = () => {};
    const isMet = new Promise<void>((resolve) => {
      meet = resolve;
    });
    const { endpoint, notify, drop } = await startNode(
      t,
      () => ({ result: `runtime ${++asked}` }),
      async (connection) => {
        greeting = connection;
        if (connection > 1) await isMet;
      },
    );
    const link = await openLink({
      ...{ endpoint, log: silentLog },
      ...{ onFork: () => {}, onEnd: () => {}, onReconnected: () => greeted++ },
    });
    t.after(() => link.end(new BlockZeroError("CHAIN_CLOSED", "over", "")));
    drop();
    await until(t, () => greeting === 2);
    await link.subscribe("state_subscribeRuntimeVersion", [], () => {});
    assert.equal(asked, 0);
    meet();
    await until(t, () => greeted === 2 && asked === 1);
    notify("heads", header);
    // The first answer comes after the head, and the second after what it made the link ask for.
    for (let i = 0; i < 2; i++) await link.request("chain_getHeader", []);
    assert.equal(asked, 1);
  });
});

describe("the metadata of a chain's new runtime", { timeout: HANG_GUARD }, () => {
  const busy = { error: { code: -32029, message: "Too many requests" } };
  const open = async (t: TestContext, metadata: () => object) => {
    const { endpoint, notify } = await startNode(t, () => ({ result: "runtime" }), undefined, metadata);
    const ends: string[] = [];
    const link = await openLink({
      ...{ endpoint, log: silentLog },
      ...{ onFork: () => {}, onEnd: ({ code }) => void ends.push(code), onReconnected: () => {} },
    });
    const end = () => link.end(new BlockZeroError("CHAIN_CLOSED", "over", ""));
    t.after(end);
    const { log, lines } = collectingLog();
    let isOpen = true;
    const provider = linkProvider(link, { isOpen: () => isOpen, log });
    const ask = (...params: unknown[]) => provider.send<unknown>("state_getMetadata", params);
    const next = headers();
    return {
      ...{ ask, end, lines, ends, provider },
      block: () => notify("heads", next()),
      version: (result: unknown) => notify("runtime", result),
      beforeItIsOpen: () => {
        isOpen = false;
      },
    };
  };

  it("is asked for at the next block where a node refuses it: the library asks once, and its fault would end the process", async (t) => {
    let asked = 0;
    const { ask, lines, block } = await open(t, () => (++asked === 1 ? busy : { result: METADATA }));
    const given = ask();
    await until(t, () => lines.length === 1);
    assert.equal(asked, 1);
    block();
    assert.equal(await given, METADATA);
    assert.deepEqual([asked, lines.length, lines[0]!.fields.reason], [2, 1, "Too many requests"]);
  });

  it("is nothing to wait for in a past state, nor before the first contact", async (t) => {
    const { ask, beforeItIsOpen } = await open(t, () => busy);
    await assert.rejects(ask(zeros), RpcError);
    beforeItIsOpen();
    await assert.rejects(ask(), RpcError);
  });

  it("is asked for no more once the program closes the chain, and nothing is thrown", async (t) => {
    let asked = 0;
    const { ask, end, lines } = await open(t, () => {
      asked++;
      // Of nobody: ours stays without an answer.
      return { id: -1, result: null };
    });
    const outcome = ask().then(
      () => "given",
      () => "thrown",
    );
    await until(t, () => asked === 1);
    await end();
    assert.equal(await Promise.race([outcome, immediate("open")]), "open");
    assert.deepEqual(lines, []);
  });

  it("is asked for again for the newest runtime alone", async (t) => {
    let asked = 0;
    const { ask, lines, block } = await open(t, () => (++asked <= 2 ? busy : { result: METADATA }));
    const outcome = ask();
    await until(t, () => lines.length === 1);
    const newest = ask();
    await until(t, () => lines.length === 2);
    block();
    assert.equal(await newest, METADATA);
    assert.equal(await Promise.race([outcome, immediate("open")]), "open");
    assert.equal(asked, 3);
  });

  it("ends the program with a code where eight answers cannot be read, as of a version that this one does not know", async (t) => {
    let asked = 0;
    const { ask, lines, ends, block } = await open(t, () => ({ result: ++asked % 2 ? "0x00" : "0x6d657461ff" }));
    const outcome = ask();
    for (let count = 1; count < 8; count++) {
      await until(t, () => lines.length === count);
      block();
    }
    await until(t, () => ends.length > 0);
    assert.deepEqual([ends, asked, lines.length], [["RUNTIME_UNSUPPORTED"], 8, 7]);
    assert.equal(await Promise.race([outcome, immediate("open")]), "open");
  });

  it("is of the versions that a node says, one a block, and of none that the library cannot read", async (t) => {
    const { provider, version, block } = await open(t, () => busy);
    const heard: unknown[] = [];
    const callback = (_: unknown, result: unknown) => heard.push(result);
    await provider.subscribe("state_runtimeVersion", "state_subscribeRuntimeVersion", [], callback);
    const settle = () => provider.send("chain_getHeader", []);
    version({ specVersion: { a: 1, b: 2 } });
    await settle();
    assert.deepEqual(heard, []);
    block();
    await settle();
    for (let specVersion = 1; specVersion <= 100; specVersion++) version({ specVersion });
    await settle();
    assert.deepEqual(heard, [{ specVersion: 1 }]);
    block();
    await until(t, () => heard.length > 1);
    version({ specVersion: 101 });
    await settle();
    assert.deepEqual(heard, [{ specVersion: 1 }, { specVersion: 100 }]);
  });
});

describe("heads that a node announces", { timeout: HANG_GUARD }, () => {
  it("are read 64 at once, and what is not read is asked for with the next one", async (t) => {
    let isSilent = false;
    let asked = 0;
    const time = () => {
      if (!isSilent) return { result: null };
      asked++;
      return null;
    };
    const node = await startNode(t, () => ({ result: "runtime" }), undefined, undefined, time);
    const link = await openLink({
      ...{ endpoint: node.endpoint, log: silentLog },
      ...{ onFork: () => {}, onEnd: () => {}, onReconnected: () => {} },
    });
    t.after(() => link.end(new BlockZeroError("CHAIN_CLOSED", "over", "")));
    isSilent = true;
    const next = headers();
    const announced = Array.from({ length: 200 }, next);
    for (const head of announced) node.notify("heads", head);
    for (let i = 0; i < 2; i++) await link.request("chain_getHeader", []);
    assert.equal(asked, 64);
    isSilent = false;
    node.drop();
    await until(t, () => link.heads.last?.number === 64);
    node.notify("heads", announced[64]);
    await until(t, () => link.heads.last?.number === 65);
  });

  it("are no more than were asked for", async () => {
    const hash = `0x${"11".repeat(32)}`;
    const ask = async (method: string, [asked]: readonly unknown[]) =>
      method === "chain_getBlockHash" ? [...(asked as readonly number[]), 0].map(() => hash) : null;
    await assert.rejects(headsFrom(ask, 5, 2), /too_big|<=2/i);
  });
});
