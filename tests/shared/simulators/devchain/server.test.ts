import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { coded } from "#tests/support/coded.js";
import { makeGenesis, makeKeys, NETUID, temporaryHome } from "../../chain/support.js";

const start = async (t: TestContext) => {
  const home = await temporaryHome(t);
  const devchain = await startDevchain({ home, genesis: makeGenesis(await makeKeys()), port: 0, blockTimeMs: 0 });
  t.after(() => devchain.close());
  const open = async (headers: Record<string, string> = {}) => {
    const socket = new WebSocket(devchain.endpoint, { headers });
    t.after(() => socket.terminate());
    await once(socket, "open");
    return socket;
  };
  return { devchain, open };
};

const reply = async (socket: WebSocket) => JSON.parse(String((await once(socket, "message"))[0]));
const ask = async (socket: WebSocket, frame: unknown) => {
  const answered = reply(socket);
  socket.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  return answered;
};
const request = (method: string, params: unknown = []) => ({ jsonrpc: "2.0", id: 1, method, params });

describe("the devchain's server", () => {
  it("answers whatever is no request with a JSON-RPC error, and goes on", async (t) => {
    const { open } = await start(t);
    const socket = await open();
    const code = async (frame: unknown) => (await ask(socket, frame)).error.code;
    assert.equal(await code("{"), -32700);
    assert.equal(await code("[".repeat(500_000)), -32700);
    assert.equal(await code(Buffer.from([0, 1, 2])), -32700);
    assert.equal(await code("[]"), -32600);
    assert.equal(await code("null"), -32600);
    assert.equal(await code({ jsonrpc: "2.0", method: "chain_head" }), -32600);
    assert.equal(await code(request("chain_head", { a: 1 })), -32600);
    assert.equal(await code(request("__proto__")), -32601);
    assert.equal(await code(request("chain_hash", ["x"])), -32602);
    assert.equal(await code(request("chain_hash", [-1])), -32602);
    assert.equal(await code(request("chain_heads", [0, 1e9])), -32602);
    assert.equal(await code(request("dev_newBlocks", [1e9])), -32602);
    assert.equal(await code(request("dev_setBlockTime", [1])), -32602);
    assert.equal(await code(request("account_nonce", ["5".repeat(48)])), -32602);
    assert.equal(await code(request("author_submit", [{}])), 1010);
    const { error } = await ask(socket, request("subnet_metagraph", [77]));
    assert.deepEqual([error.code, error.data.reason], [-32000, "SubNetworkDoesNotExist"]);
    const { result } = await ask(socket, request("subnet_metagraph", [NETUID]));
    assert.equal(result.neurons.length, 3);
  });

  it("cuts off a frame that is too large, and stays up", async (t) => {
    const { open } = await start(t);
    const socket = await open();
    const closed = once(socket, "close");
    socket.send("x".repeat(1_100_000));
    assert.equal((await closed)[0], 1009);
    assert.equal((await ask(await open(), request("chain_head"))).result.number, 0);
  });

  it("refuses web pages of elsewhere and more connections than it can hold", async (t) => {
    const { devchain, open } = await start(t);
    const refusal = async (headers: Record<string, string>) => {
      const socket = new WebSocket(devchain.endpoint, { headers });
      return String((await once(socket, "error"))[0]);
    };
    assert.match(await refusal({ origin: "https://example.com" }), /403/);
    const sockets = await Promise.all(Array.from({ length: 256 }, () => open({ origin: "http://localhost:3000" })));
    assert.match(await refusal({}), /503/);
    for (const socket of sockets) socket.terminate();
  });

  it("answers GET /health", async (t) => {
    const { devchain } = await start(t);
    const url = devchain.endpoint.replace("ws:", "http:");
    devchain.newBlocks(2);
    assert.equal(((await (await fetch(`${url}/health`)).json()) as { number: number }).number, 2);
    assert.equal((await fetch(`${url}/else`)).status, 404);
  });

  it("says in a coded error that a port is taken or a genesis is wrong", async (t) => {
    const { devchain } = await start(t);
    const keys = await makeKeys();
    const again = async (part: object) =>
      startDevchain({ home: await temporaryHome(t), genesis: makeGenesis(keys), port: 0, blockTimeMs: 0, ...part });
    const port = Number(new URL(devchain.endpoint).port);
    await assert.rejects(again({ port }), coded("PORT_UNAVAILABLE"));
    await assert.rejects(again({ genesis: { sudo: "nobody" } }), coded("GENESIS_INVALID"));
    const [subnet] = makeGenesis(keys).subnets!;
    await assert.rejects(
      again({ genesis: { ...makeGenesis(keys), subnets: [subnet, subnet] } }),
      coded("GENESIS_INVALID"),
    );
  });
});
