import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { contentRange, requestedRange } from "#shared/files/byte-range.js";
import type { Log } from "#shared/telemetry/log.js";
import { type AdmissionOptions, createAdmission, networkOf } from "./admission.js";
import type { BlobStore } from "./blob-store.js";
import { type PrioritySlots, prioritySlots } from "./priority-slots.js";

export interface BlobServerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly store: Pick<BlobStore, "size" | "stream">;
  /** Whether a blob may be fetched yet: an artifact may not be fetched before its reveal. Hidden and missing blobs give the same answer. */
  readonly visible: (hash: string) => boolean;
  readonly log: Log;
  /** The origin in records, for which requests are signed. Default: the bound address. */
  readonly origin?: string | undefined;
  /** Who may send requests, and how often. Default: everybody, each address ten times a second. */
  readonly admission?: AdmissionOptions;
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress?: number;
  /** Greatest number of blobs that are sent at the same time. Some of these places are reserved for validators. */
  readonly maxAnswers?: number;
  /** Longest time for one answer, in milliseconds. */
  readonly answerMs?: number;
}

export interface BlobServer {
  /** The bound address, e.g. `http://127.0.0.1:43121`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Everything that is needed to answer a request. */
interface Answering extends Pick<BlobServerOptions, "store" | "visible"> {
  readonly admit: ReturnType<typeof createAdmission>;
  readonly slots: PrioritySlots;
  /** Connections with at least one request signed by a hotkey of the subnet. */
  readonly signed: WeakSet<Socket>;
  readonly origin: () => string;
}

const EVERYBODY: AdmissionOptions = {
  verify: () => false,
  standing: () => null,
  serveStrangers: true,
  perHotkey: 600,
  perAddress: 600,
};

/**
 * Serves blobs, whole or from a byte on: `GET` or `HEAD /blob/<hash>`, and `GET /health`. Refuses everything else in one line. Drops a
 * client that is slow or silent, or that exceeds the number of connections. Among waiting requests, validators come first.
 *
 * @throws BlockZeroError SERVER_FAILED if the address cannot be bound
 */
export const startBlobServer = async (options: BlobServerOptions): Promise<BlobServer> => {
  const { host, port, log, maxConnections = 512, maxConnectionsPerAddress = 64, answerMs = 600_000 } = options;
  const { maxAnswers = 32, admission = EVERYBODY } = options;
  const signed = new WeakSet<Socket>();
  const answering: Answering = {
    ...options,
    signed,
    admit: createAdmission(admission),
    slots: prioritySlots([1, 0.75, 0.5].map((share) => Math.ceil(maxAnswers * share))),
    origin: () => options.origin ?? url,
  };
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000, maxHeaderSize: 8192 },
    (request, response) => {
      const deadline = setTimeout(() => response.destroy(), answerMs);
      response.once("close", () => clearTimeout(deadline));
      answer(request, response, answering).catch((thrown) => {
        log.debug("blob not served", { url: request.url, reason: reasonOf(thrown) });
        if (response.headersSent) response.destroy();
        else refuse(response, 500, "cannot read it");
      });
    },
  );
  server.maxRequestsPerSocket = 1000;
  server.timeout = 30_000;
  limitConnections(server, {
    most: maxConnections,
    perAddress: maxConnectionsPerAddress,
    isMember: (socket) => signed.has(socket),
  });
  server.on("clientError", (_error, socket) => socket.destroy());

  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(
        new BlockZeroError(
          "SERVER_FAILED",
          `cannot serve on ${host}:${port}: ${reasonOf(cause)}`,
          "choose another port",
          {
            cause,
          },
        ),
      );
    server.once("error", fail);
    server.listen(port, host, () => {
      server.off("error", fail);
      resolve();
    });
  });
  server.on("error", (error) => log.warn("blob server", { reason: reasonOf(error) }));

  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${bound}`;
  return {
    url,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

interface ConnectionLimits {
  readonly most: number;
  readonly perAddress: number;
  /** Whether a hotkey of the subnet has signed a request over this connection. */
  readonly isMember: (socket: Socket) => boolean;
}

/** Above the limit, closes the oldest connection of a stranger: strangers cannot take the places of the subnet's own hotkeys. */
const limitConnections = (server: Server, { most, perAddress, isMember }: ConnectionLimits): void => {
  const open = new Map<Socket, string>();
  server.on("connection", (socket) => {
    const from = networkOf(socket.remoteAddress ?? "");
    open.set(socket, from);
    socket.once("close", () => open.delete(socket));
    const ofAddress = [...open.values()].filter((other) => other === from).length;
    if (ofAddress > perAddress) return void socket.destroy();
    if (open.size <= most) return;
    const [oldest = socket] = [...open.keys()].filter((other) => !isMember(other));
    oldest.destroy();
  });
};

const answer = async (request: IncomingMessage, response: ServerResponse, answering: Answering): Promise<void> => {
  const { method, url: path = "", headers, socket } = request;
  response.setHeader("x-content-type-options", "nosniff");
  if (hasBody(request)) return refuse(response, 413, "no request has a body here");
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return refuse(response, 405, "only GET and HEAD");
  }
  if (path === "/health") {
    response.writeHead(200, { "content-type": "application/json" }).end('{"status":"ok"}');
    return;
  }
  const admitted = answering.admit({
    method,
    path,
    origin: answering.origin(),
    authorization: headers.authorization,
    address: socket.remoteAddress ?? "",
  });
  if (!admitted.ok) {
    if (admitted.status === 429) response.setHeader("retry-after", Math.ceil(admitted.retryMs / 1000));
    return refuse(response, admitted.status, admitted.reason);
  }
  if (admitted.urgency < 2) answering.signed.add(socket);
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const release = await answering.slots.acquire(admitted.urgency, gone.signal);
  if (release === null) {
    response.setHeader("retry-after", 5);
    return refuse(response, 503, "busy");
  }
  try {
    await sendBlob(request, response, answering);
  } finally {
    release();
  }
};

const sendBlob = async (
  { method, url = "", headers }: IncomingMessage,
  response: ServerResponse,
  { store, visible }: Answering,
): Promise<void> => {
  const hash = /^\/blob\/([0-9a-f]{64})$/.exec(url)?.[1];
  const bytes = hash !== undefined && visible(hash) ? await store.size(hash) : null;
  if (hash === undefined || bytes === null) return refuse(response, 404, "no such blob");
  const range = requestedRange(headers.range, bytes);
  if (range === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${bytes}`);
    return refuse(response, 416, "nothing there");
  }
  response.writeHead(range === null ? 200 : 206, {
    "content-type": "application/octet-stream",
    "content-length": range === null ? bytes : range.end - range.start,
    "accept-ranges": "bytes",
    etag: `"${hash}"`,
    ...(range !== null && { "content-range": contentRange(range, bytes) }),
  });
  if (method === "HEAD") response.end();
  else await pipeline(store.stream(hash, range ?? undefined), response);
};

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;

const refuse = (response: ServerResponse, status: number, reason: string): void => {
  response.writeHead(status, { "content-type": "text/plain", connection: "close" }).end(`${reason}\n`);
};
