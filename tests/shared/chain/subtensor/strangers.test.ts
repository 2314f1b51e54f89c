import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { WebSocketServer } from "ws";
import { connectChain } from "#shared/chain/connect.js";
import { endpointOf } from "#shared/chain/subtensor/networks.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";

type Answer = { result: unknown } | { error: { code: number; message: string } } | "silence" | "noise";

/** Something that speaks JSON-RPC, after a fashion. */
const stranger = async (t: TestContext, answer: (method: string) => Answer): Promise<string> => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket) => {
    socket.on("message", (data) => {
      const { id, method } = JSON.parse(String(data));
      const said = answer(method);
      if (said === "silence") return;
      socket.send(said === "noise" ? "\u0000{" : JSON.stringify({ jsonrpc: "2.0", id, ...said }));
    });
  });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return `ws://127.0.0.1:${port}`;
};

const unknown = { error: { code: -32601, message: "Method not found" } };
const hash = `0x${"11".repeat(32)}`;

const refusal = async (t: TestContext, answer: (method: string) => Answer, timeoutMs = 3000): Promise<string> => {
  const endpoint = await stranger(t, answer);
  try {
    await connectChain({ endpoint, timeoutMs });
  } catch (error) {
    assert.ok(error instanceof BlockZeroError, String(error));
    assert.ok(error.message.includes(endpoint), error.message);
    return error.code;
  }
  throw new assert.AssertionError({ message: "it connected" });
};

describe("an endpoint that is no chain of ours", { timeout: HANG_GUARD }, () => {
  it("is refused with a code, whatever it answers", async (t) => {
    assert.equal(await refusal(t, () => unknown), "NOT_A_DEVCHAIN");
    const isNode = (method: string) => method === "system_chain";
    assert.equal(await refusal(t, (method) => (isNode(method) ? { result: "X" } : unknown)), "NOT_A_SUBSTRATE_NODE");
    assert.equal(
      await refusal(t, (method) => ({ result: isNode(method) ? "X" : { evil: [1] } })),
      "NOT_A_SUBSTRATE_NODE",
    );
  });

  it("is given up in time when it says nothing, or noise", async (t) => {
    assert.equal(await refusal(t, () => "silence", 300), "CHAIN_UNREACHABLE");
    assert.equal(await refusal(t, () => "noise", 300), "CHAIN_UNREACHABLE");
    const stuck = (method: string): Answer => (method === "system_chain" ? { result: "X" } : "silence");
    assert.equal(await refusal(t, stuck, 300), "CHAIN_UNREACHABLE");
  });

  it("is asked what it is until it says so, where it has too many requests", async (t) => {
    let asked = 0;
    const answer = (method: string): Answer => {
      if (method !== "system_chain") return unknown;
      return ++asked === 1 ? { error: { code: -32029, message: "Too many requests" } } : { result: "X" };
    };
    assert.equal(await refusal(t, answer, 60_000), "NOT_A_SUBSTRATE_NODE");
    assert.equal(asked, 2);
  });

  it("is refused when its headers are none", async (t) => {
    const answer = (method: string): Answer =>
      method === "chain_getBlockHash"
        ? { result: [hash] }
        : { result: method === "chain_getHeader" ? { number: "0xzz", parentHash: hash } : "X" };
    assert.ok(["NOT_A_SUBSTRATE_NODE", "CHAIN_UNREACHABLE"].includes(await refusal(t, answer)));
  });
});

describe("a network's name", () => {
  it("stands for its entry point; a URL for itself", () => {
    assert.match(endpointOf("finney"), /^wss:\/\/.+finney/);
    assert.match(endpointOf("local"), /^ws:\/\/127\.0\.0\.1:/);
    assert.equal(endpointOf("ws://10.0.0.1:1"), "ws://10.0.0.1:1");
    assert.equal(endpointOf("toString"), "toString");
  });
});
