import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { requestSchema, rpcCodes } from "#shared/chain/devchain/wire.js";
import { BlockZeroError, formatError, reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import { takeSockets } from "../take-sockets.js";
import { Fault } from "./fault.js";
import { type Connection, rpcMethods } from "./methods.js";
import type { DevNode } from "./node.js";

const MAX_PAYLOAD = 1 << 20;
/** Greatest number of extrinsics whose inclusion one connection may wait for. */
const MAX_FOLLOWED = 4096;
/** Greatest number of unsent bytes for one connection. A slower reader is disconnected. */
const MAX_BUFFERED = 16 << 20;
const HEARTBEAT_MS = 30_000;

export interface RpcServer {
  /** `ws://127.0.0.1:<port>` */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Serves a node on loopback: JSON-RPC 2.0 over WebSocket, and `GET /health`. `port` 0 takes a free one. Throws `BlockZeroError` PORT_UNAVAILABLE. */
export const serveNode = async (node: DevNode, port: number, log: Log): Promise<RpcServer> => {
  const http = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
    const found = request.method === "GET" && request.url === "/health";
    response.writeHead(found ? 200 : 404, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify(found ? node.history.head : { error: "not found" }));
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_PAYLOAD, perMessageDeflate: false });
  const methods = rpcMethods(node);

  takeSockets(http, sockets, (socket) => serveConnection(socket, node, methods, log));

  await new Promise<void>((resolve, reject) => {
    http.once("error", (error) =>
      reject(
        new BlockZeroError(
          "PORT_UNAVAILABLE",
          `127.0.0.1:${port}: ${reasonOf(error)}`,
          "stop what uses the port, or choose another",
          {
            cause: error,
          },
        ),
      ),
    );
    http.listen(port, "127.0.0.1", resolve);
  });
  const { port: bound } = http.address() as AddressInfo;

  return {
    endpoint: `ws://127.0.0.1:${bound}`,
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
};

const serveConnection = (socket: WebSocket, node: DevNode, methods: ReturnType<typeof rpcMethods>, log: Log): void => {
  let heads = false;
  let answered = true;
  const followed = new Set<string>();
  const send = (message: object) => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_BUFFERED) socket.terminate();
    else socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
  };
  const connection: Connection = {
    followHeads: () => {
      heads = true;
    },
    follow: (hash) => {
      if (followed.size >= MAX_FOLLOWED && !followed.has(hash)) {
        throw new Fault("TooManyPending", `one connection follows at most ${MAX_FOLLOWED} extrinsics`);
      }
      followed.add(hash);
    },
  };

  const stop = node.onBlock((head, receipts) => {
    for (const receipt of receipts) if (followed.delete(receipt.hash)) send({ method: "extrinsic", params: receipt });
    if (heads) send({ method: "head", params: head });
  });
  const heartbeat = setInterval(() => {
    if (!answered) socket.terminate();
    answered = false;
    socket.ping();
  }, HEARTBEAT_MS);

  socket.on("pong", () => {
    answered = true;
  });
  socket.on("message", (data, isBinary) => {
    if (isBinary) send(failure(null, rpcCodes.parse, "a request is a text frame"));
    else send(answer(String(data), methods, connection, log));
  });
  // `ws` closes the connection itself after a protocol error, such as a frame that is too large.
  socket.on("error", (error) => log.debug("connection failed", { reason: reasonOf(error) }));
  socket.on("close", () => {
    stop();
    clearInterval(heartbeat);
  });
};

const answer = (text: string, methods: ReturnType<typeof rpcMethods>, connection: Connection, log: Log): object => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return failure(null, rpcCodes.parse, "the frame is not JSON");
  }
  const parsed = requestSchema.safeParse(json);
  if (!parsed.success) return failure(null, rpcCodes.request, "the frame is not a JSON-RPC 2.0 request with an id");
  const { id, method, params } = parsed.data;
  const run = methods.get(method);
  if (!run) return failure(id, rpcCodes.method, `there is no method ${method}`);
  try {
    return { id, result: run(params, connection) };
  } catch (error) {
    if (error instanceof z.ZodError)
      return failure(id, rpcCodes.params, z.prettifyError(error).slice(0, 500), "InvalidParams");
    if (error instanceof Fault) {
      const code = method === "author_submit" ? rpcCodes.invalidTransaction : rpcCodes.server;
      return failure(id, code, error.message, error.reason);
    }
    const reason = error instanceof BlockZeroError ? formatError(error) : reasonOf(error);
    log.error("request failed", { method, reason });
    return failure(id, rpcCodes.server, reason, error instanceof BlockZeroError ? error.code : "Internal");
  }
};

const failure = (id: number | string | null, code: number, message: string, reason?: string): object => ({
  id,
  error: { code, message, ...(reason === undefined ? {} : { data: { reason } }) },
});
