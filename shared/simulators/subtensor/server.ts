import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import { takeSockets } from "../take-sockets.js";
import type { Method, Subscriptions } from "./methods.js";
import { RpcFault } from "./pool.js";

export interface MethodServer {
  /** `ws://127.0.0.1:<port>` */
  readonly endpoint: string;
  close(): Promise<void>;
}

const MAX_PAYLOAD = 8 << 20;
const MAX_SUBSCRIPTIONS = 1024;
/** Greatest number of unsent bytes for one connection. A slower reader is disconnected. */
const MAX_BUFFERED = 64 << 20;

const requestSchema = z.object({
  id: z.union([z.int(), z.string().max(64)]),
  method: z.string().max(128),
  params: z.array(z.unknown()).max(16).default([]),
});

/** Serves JSON-RPC 2.0 with subscriptions over WebSocket on loopback. @throws PORT_UNAVAILABLE */
export const serveMethods = async (
  methods: ReadonlyMap<string, Method>,
  port: number,
  log: Log,
): Promise<MethodServer> => {
  const http = createServer((_, response) => response.writeHead(404, { connection: "close" }).end());
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_PAYLOAD, perMessageDeflate: false });
  takeSockets(http, sockets, (socket) => serve(socket, methods, log));
  await new Promise<void>((resolve, reject) => {
    http.once("error", (cause) => {
      const message = `127.0.0.1:${port}: ${reasonOf(cause)}`;
      reject(new BlockZeroError("PORT_UNAVAILABLE", message, "stop what uses the port, or choose another", { cause }));
    });
    http.listen(port, "127.0.0.1", resolve);
  });
  return {
    endpoint: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
};

const serve = (socket: WebSocket, methods: ReadonlyMap<string, Method>, log: Log): void => {
  const open = new Map<string, () => void>();
  let nextId = 1;
  const send = (message: unknown) => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_BUFFERED) socket.terminate();
    else socket.send(JSON.stringify(message));
  };
  const subscriptions: Subscriptions = {
    open(notification, start) {
      if (open.size >= MAX_SUBSCRIPTIONS) throw new RpcFault(-32006, "Too many subscriptions on the connection");
      const subscription = `s${nextId++}`;
      const notify = (result: unknown) =>
        send({ jsonrpc: "2.0", method: notification, params: { subscription, result } });
      // A client learns the id from the answer, which must come before the first notification.
      setImmediate(() => {
        if (socket.readyState === socket.OPEN) open.set(subscription, start(notify));
      });
      return subscription;
    },
    cancel(id) {
      open.get(id)?.();
      return open.delete(id);
    },
  };

  const answer = async (json: unknown): Promise<unknown> => {
    const parsed = requestSchema.safeParse(json);
    if (!parsed.success) return { jsonrpc: "2.0", id: null, error: { code: -32600, message: "Invalid request" } };
    const { id, method, params } = parsed.data;
    const fail = (code: number, message: string, data?: string) => ({
      jsonrpc: "2.0",
      id,
      error: { code, message, ...(data !== undefined && { data }) },
    });
    const run = methods.get(method);
    if (!run) return fail(-32601, `Method not found: ${method}`);
    try {
      return { jsonrpc: "2.0", id, result: (await run(params, subscriptions)) ?? null };
    } catch (error) {
      if (error instanceof RpcFault) return fail(error.code, error.message, error.data);
      if (error instanceof z.ZodError) return fail(-32602, "Invalid params", z.prettifyError(error).slice(0, 500));
      log.error("request failed", { method, reason: reasonOf(error) });
      return fail(-32603, "Internal error", reasonOf(error));
    }
  };

  socket.on("message", async (data) => {
    let json: unknown;
    try {
      json = JSON.parse(String(data));
    } catch {
      return send({ jsonrpc: "2.0", id: null, error: { code: -32700, message: "Parse error" } });
    }
    send(Array.isArray(json) ? await Promise.all(json.slice(0, 256).map(answer)) : await answer(json));
  });
  socket.on("error", (error) => log.debug("connection failed", { reason: reasonOf(error) }));
  socket.on("close", () => {
    for (const stop of open.values()) stop();
    open.clear();
  });
};
