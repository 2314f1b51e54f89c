import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { WebSocket } from "ws";
import { serveMethods } from "#shared/simulators/subtensor/server.js";
import { silentLog } from "#shared/telemetry/log.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

describe("the server of an offline runtime", { timeout: HANG_GUARD }, () => {
  it("refuses web pages of elsewhere and more connections than it can hold", async (t) => {
    const server = await serveMethods(new Map(), 0, silentLog);
    t.after(() => server.close());
    const refusal = async (headers: Record<string, string>) => {
      const socket = new WebSocket(server.endpoint, { headers });
      return String((await once(socket, "error"))[0]);
    };
    assert.match(await refusal({ origin: "https://example.com" }), /403/);
    const open = async () => {
      const socket = new WebSocket(server.endpoint, { headers: { origin: "http://localhost:3000" } });
      await once(socket, "open");
      return socket;
    };
    const sockets = await Promise.all(Array.from({ length: 256 }, open));
    assert.match(await refusal({}), /503/);
    for (const socket of sockets) socket.terminate();
  });
});
