import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { reasonOf } from "#shared/errors/error.js";
import type { Health } from "./health.js";
import type { PrometheusInstruments } from "./instruments/prometheus.js";
import type { ListenAddress } from "./listen-address.js";
import { listenOn } from "./listen-on.js";

export interface MetricsServerOptions extends ListenAddress {
  readonly instruments: Pick<PrometheusInstruments, "text" | "contentType">;
  readonly health: Pick<Health, "problem">;
}

export interface MetricsServer {
  /** The bound address, e.g. `http://127.0.0.1:9701`. */
  readonly url: string;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 32;
const TIMEOUT_MS = 10_000;

/**
 * Serves `GET /metrics` in Prometheus' text format, and `GET /health`: 200 with `ok`, or 503 with what is wrong in one line. Refuses
 * everything else. A client that is slow or silent is dropped.
 *
 * @throws what listening throws
 */
export const startMetricsServer = async (options: MetricsServerOptions): Promise<MetricsServer> => {
  const server = createServer(
    { headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS, keepAliveTimeout: 5_000, maxHeaderSize: 8192 },
    (request, response) => {
      answer(request, response, options).catch((thrown: unknown) => {
        if (response.headersSent) response.destroy();
        else say(response, 500, reasonOf(thrown));
      });
    },
  );
  server.timeout = TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  server.on("clientError", (_error, socket) => socket.destroy());
  const { url } = await listenOn(server, options);
  // A server that cannot accept a connection has lost that connection, and nothing else.
  server.on("error", () => {});
  server.unref();
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const answer = async (
  { method, url = "" }: IncomingMessage,
  response: ServerResponse,
  { instruments, health }: MetricsServerOptions,
): Promise<void> => {
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("cache-control", "no-store");
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return say(response, 405, "only GET and HEAD");
  }
  const [path] = url.split("?", 1);
  if (path === "/health") {
    const problem = health.problem();
    return say(response, problem === null ? 200 : 503, problem ?? "ok");
  }
  if (path !== "/metrics") return say(response, 404, "/metrics and /health are here");
  const text = await instruments.text();
  response.writeHead(200, { "content-type": instruments.contentType }).end(text);
};

const say = (response: ServerResponse, status: number, line: string): void => {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${line}\n`);
};
