import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { TypeRegistry } from "@polkadot/types";
import type { Header } from "@polkadot/types/interfaces";
import { WebSocketServer } from "ws";
import { openLink } from "#shared/chain/subtensor/link.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { silentLog } from "#shared/telemetry/log.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { until } from "../../../support/subnet.js";

const zeros = `0x${"00".repeat(32)}`;
const header = { parentHash: zeros, number: "0x0", stateRoot: zeros, extrinsicsRoot: zeros, digest: { logs: [] } };
const genesis = new TypeRegistry().createType<Header>("Header", header).hash.toHex();

/** A node with a genesis block alone, which answers subscriptions to its runtime as the test says. */
const startNode = async (t: TestContext, subscribe: () => object) => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const send = (message: object) => {
    for (const client of server.clients) client.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
  };
  const answers: Readonly<Record<string, (params: readonly unknown[]) => object>> = {
    chain_getBlockHash: ([numbers]) => ({
      result: (numbers as readonly number[]).map((number) => (number === 0 ? genesis : null)),
    }),
    chain_getHeader: () => ({ result: header }),
    state_getStorage: () => ({ result: null }),
    chain_subscribeNewHeads: () => ({ result: "heads" }),
    state_subscribeRuntimeVersion: subscribe,
  };
  server.on("connection", (socket) => {
    socket.on("message", (data) => {
      const { id, method, params } = JSON.parse(String(data));
      send({ id, ...answers[method]!(params) });
    });
  });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const notify = (subscription: string, result: unknown) =>
    send({ method: "notification", params: { subscription, result } });
  return { endpoint: `ws://127.0.0.1:${port}`, notify };
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
});
