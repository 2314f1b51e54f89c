import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import type { Log } from "#shared/telemetry/log.js";
import type { BlobStore } from "./blob-store.js";

export interface BlobServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly store: BlobStore;
  /** Whether a blob may be fetched yet: an artifact must not be before its reveal. Hidden and missing look alike. */
  readonly visible: (hash: string) => boolean;
  readonly log: Log;
  readonly maxConnections?: number;
  /** Longest that one answer may take. */
  readonly answerMs?: number;
}

export interface BlobServer {
  /** As bound, e.g. `http://127.0.0.1:43121`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves blobs: `GET` or `HEAD /blob/<hash>`, and `GET /health`. Everything else is refused in a line; a client that is slow,
 * silent or one too many is dropped.
 *
 * @throws BlockZeroError SERVER_FAILED when the address cannot be bound
 */
export const startBlobServer = async (options: BlobServerOptions): Promise<BlobServer> => {
  const { host, port, log, maxConnections = 128, answerMs = 600_000 } = options;
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000, maxHeaderSize: 8192 },
    (request, response) => {
      const deadline = setTimeout(() => response.destroy(), answerMs);
      response.once("close", () => clearTimeout(deadline));
      answer(request, response, options).catch((thrown) => {
        log.debug("blob not served", { url: request.url, reason: reasonOf(thrown) });
        if (response.headersSent) response.destroy();
        else refuse(response, 500, "cannot read it");
      });
    },
  );
  server.maxConnections = maxConnections;
  server.maxRequestsPerSocket = 1000;
  server.timeout = 30_000;
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
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const answer = async (
  request: IncomingMessage,
  response: ServerResponse,
  { store, visible }: BlobServerOptions,
): Promise<void> => {
  response.setHeader("x-content-type-options", "nosniff");
  if (hasBody(request)) return refuse(response, 413, "no request has a body here");
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return refuse(response, 405, "only GET and HEAD");
  }
  if (request.url === "/health") {
    response.writeHead(200, { "content-type": "application/json" }).end('{"status":"ok"}');
    return;
  }
  const hash = /^\/blob\/([0-9a-f]{64})$/.exec(request.url ?? "")?.[1];
  const bytes = hash !== undefined && visible(hash) ? await store.size(hash) : null;
  if (hash === undefined || bytes === null) return refuse(response, 404, "no such blob");
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": bytes, etag: `"${hash}"` });
  if (request.method === "HEAD") response.end();
  else await pipeline(store.stream(hash), response);
};

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;

const refuse = (response: ServerResponse, status: number, reason: string): void => {
  response.writeHead(status, { "content-type": "text/plain", connection: "close" }).end(`${reason}\n`);
};
