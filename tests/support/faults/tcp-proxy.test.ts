import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { it, type TestContext } from "node:test";
import { HANG_GUARD } from "../hang-guard.js";
import { startTcpProxy } from "./tcp-proxy.js";

const open = async (t: TestContext) => {
  const echo = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const proxy = await startTcpProxy(() => (echo.address() as AddressInfo).port);
  t.after(async () => {
    await proxy.close();
    echo.close();
  });
  const dial = async (): Promise<Socket> => {
    const socket = connect(proxy.port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
  return { proxy, dial };
};

const heard = async (socket: Socket, length: number): Promise<string> => {
  let text = "";
  for await (const data of socket) {
    text += data;
    if (text.length >= length) break;
  }
  return text;
};

it("a line passes on what is said, late and in order while it is slow", { timeout: HANG_GUARD }, async (t) => {
  const { proxy, dial } = await open(t);
  const socket = await dial();
  proxy.delayMs = 30;
  socket.write("one ");
  await new Promise((resolve) => setImmediate(resolve));
  proxy.delayMs = 0;
  socket.write("two");
  assert.equal(await heard(socket, 7), "one two");
});

it("a line that is lost ends, and nobody gets in until it is healed", { timeout: HANG_GUARD }, async (t) => {
  const { proxy, dial } = await open(t);
  const socket = await dial();
  socket.write("here");
  await once(socket, "data");
  assert.equal(proxy.lines, 1);
  proxy.isRefusing = true;
  proxy.cut();
  await once(socket, "close");
  const refused = connect(proxy.port, "127.0.0.1").on("error", () => {});
  await once(refused, "close");
  proxy.isRefusing = false;
  const again = await dial();
  again.write("back");
  assert.equal(await heard(again, 4), "back");
});
