import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { WebSocketServer } from "ws";
import { connectChain } from "#shared/chain/connect.js";
import { RpcError, RpcSocket } from "#shared/chain/connection/rpc-socket.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { asReadError } from "#shared/chain/devchain/reading.js";
import { ChainRejected } from "#shared/chain/writer/chain-rejected.js";
import { BlockZeroError, formatError } from "#shared/errors/error.js";
import { silentLog } from "#shared/telemetry/log.js";
import { coded } from "../../support/coded.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { type Behaviour, HTTP_BEHAVIOURS, hostileServer, hostileTlsServers } from "../../support/hostile-server.js";
import { WEBSOCKET_BEHAVIOURS } from "../../support/hostile-websocket.js";
import { until } from "../../support/subnet.js";
import { manualClock } from "./support.js";

const isCoded = (thrown: unknown): boolean => thrown instanceof BlockZeroError;
const webSocket = (origin: string): string => origin.replace(/^http/, "ws");

const refuses = async (t: TestContext, behave: Behaviour): Promise<void> => {
  const endpoint = webSocket(await hostileServer(t, behave));
  await assert.rejects(connectChain({ endpoint, timeoutMs: 200 }), isCoded);
  await assert.rejects(connectDevchain({ endpoint, timeoutMs: 200 }), isCoded);
};

describe("a chain is not found at a server that", { timeout: HANG_GUARD, concurrency: 16 }, () => {
  for (const [name, behave] of Object.entries({ ...HTTP_BEHAVIOURS, ...WEBSOCKET_BEHAVIOURS }))
    it(name, (t) => refuses(t, behave));

  it("is no wss server", async (t) => {
    for (const [name, origin] of Object.entries(await hostileTlsServers(t)))
      await t.test(name, () =>
        assert.rejects(connectDevchain({ endpoint: webSocket(origin), timeoutMs: 200 }), isCoded),
      );
  });
});

describe("a reason that a node makes up", () => {
  it("is no code of ours, whatever its text", () => {
    for (const reason of ["constructor", "__proto__", "toString", "FETCH_BUSY", ""]) {
      const error = asReadError(new RpcError(-32000, reason, "no", undefined), "ws://127.0.0.1:1");
      assert.ok(error instanceof ChainRejected && error.code === "CHAIN_REJECTED", reason);
      assert.match(formatError(error), /^✖ CHAIN_REJECTED .*: no → \w/);
    }
  });
});

/** A socket to a server that answers as the test says. */
const openSocket = async (
  t: TestContext,
  onMessage: (send: (text: string) => void, id: number, method: string) => void,
) => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  const warnings: unknown[] = [];
  let cut = () => {};
  server.on("connection", (socket) => {
    cut = () => socket.terminate();
    socket.on("message", (data) => {
      const { id, method } = JSON.parse(String(data));
      onMessage((text) => socket.send(text), id, method);
    });
  });
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const { clock, advance } = manualClock();
  const readyAt: number[] = [];
  let ready = 0;
  let lost = 0;
  const socket = new RpcSocket({
    endpoints: [`ws://127.0.0.1:${address.port}`],
    log: {
      ...silentLog,
      warn: (_, fields) => {
        lost++;
        warnings.push(fields?.reason);
      },
    },
    greet: async () => {},
    onReady: () => {
      ready++;
      readyAt.push(clock.now());
    },
    onNotification: () => {},
    onEnd: () => {},
    clock,
  });
  t.after(() => socket.fail(new BlockZeroError("CHAIN_CLOSED", "over", "")));
  const connected = async (times: number) => {
    await until(t, () => {
      advance(20);
      return ready >= times;
    });
  };
  await connected(1);
  const lose = async () => {
    cut();
    await until(t, () => lost > 0);
  };
  return { socket, advance, connected, lose, warnings, readyAt, cut: () => cut() };
};

describe("a request to a node", { timeout: HANG_GUARD }, () => {
  it("that never answers it ends", async (t) => {
    const heard: string[] = [];
    const { socket, advance } = await openSocket(t, (_, __, method) => void heard.push(method));
    const asked = assert.rejects(socket.request("ask", []), { code: "CHAIN_TIMEOUT" });
    await until(t, () => heard.length === 1);
    advance(30_000);
    await asked;
  });

  it("that never answers it ends also after an outage in which its time was over", async (t) => {
    const heard: string[] = [];
    const { socket, advance, connected, lose } = await openSocket(t, (_, __, method) => void heard.push(method));
    const asked = assert.rejects(socket.request("ask", []), { code: "CHAIN_TIMEOUT" });
    await until(t, () => heard.length === 1);
    await lose();
    advance(30_000);
    await connected(2);
    await until(t, () => heard.length === 2);
    advance(30_000);
    await asked;
  });
});

describe("a node that sends what no node sends", { timeout: HANG_GUARD }, () => {
  it("is left, with a line in the log, and connected to again", async (t) => {
    let asked = 0;
    const { socket, connected, warnings } = await openSocket(t, (send, id) => {
      if (++asked > 1) return send(JSON.stringify({ jsonrpc: "2.0", id, result: "an answer" }));
      for (let i = 0; i < 1000; i++) send("x");
    });
    const answer = socket.request("ask", []);
    await connected(2);
    assert.equal(await answer, "an answer");
    assert.deepEqual(warnings, ["it sent what is not JSON-RPC"]);
  });

  it("is left before an answer is parsed that would fill the memory", async (t) => {
    const { socket, connected, warnings } = await openSocket(t, (send, id) =>
      send(`{"jsonrpc":"2.0","id":${id},"result":[0${",0".repeat(1 << 20)}]}`),
    );
    await assert.rejects(socket.request("ask", [], false), { code: "CHAIN_DISCONNECTED" });
    await connected(2);
    assert.deepEqual(warnings, ["it sent a message of more than 1048576 values"]);
  });

  it("is not asked again for an answer that cannot be used, wherever its number stands in it", async (t) => {
    const many = `[0${",0".repeat(1 << 20)}]`;
    const answers: ((id: number) => string)[] = [
      (id) => `{"jsonrpc":"2.0","id":${id},"result":${many}}`,
      (id) => `{"jsonrpc":"2.0","result":${many},"id":${id}}`,
      (id) => `{"jsonrpc":"1.0","id":${id}}`,
    ];
    let asked = 0;
    const { socket, connected } = await openSocket(t, (send, id) => send(answers[asked++]!(id)));
    for (const i of answers.keys()) {
      const refused = coded("CHAIN_UNREACHABLE", /does not answer ask: it sent /);
      await assert.rejects(socket.request("ask", []), refused);
      await connected(i + 2);
    }
    assert.equal(asked, answers.length);
  });

  it("is come back to ever later, and asked the same ten times, until a connection to it lasts", async (t) => {
    const { socket, advance, readyAt, cut } = await openSocket(t, (send) => send("x"));
    let isOver = false;
    const asked = assert
      .rejects(socket.request("ask", []), coded("CHAIN_UNREACHABLE", /broke 10 times before ask was answered: /))
      .finally(() => {
        isOver = true;
      });
    await until(t, () => {
      if (!socket.isReady) advance(20);
      return isOver;
    });
    await asked;
    assert.equal(readyAt.length, 10);
    // Nine waits, each twice as long as the one before, of which half may be subtracted.
    assert.ok(readyAt.at(-1)! - readyAt[0]! >= 25 * (2 ** 8 + 2 ** 8 - 1), String(readyAt));
    await until(t, () => {
      if (!socket.isReady) advance(20);
      return socket.isReady;
    });
    advance(10_000);
    cut();
    await until(t, () => !socket.isReady);
    advance(50);
    await until(t, () => socket.isReady);
  });
});
