import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { limitConnections } from "#shared/blobs/limit-connections.js";
import { reasonOf } from "#shared/errors/error.js";
import { mustListenOn } from "#shared/telemetry/listen-on.js";
import type { Log } from "#shared/telemetry/log.js";
import { pageFiles } from "./assets.js";
import { type Document, lazyDocument } from "./document.js";
import { isOwnHost } from "./host-names.js";
import { createMinerPages } from "./miner-pages.js";
import { createStreams } from "./streams.js";
import type { Watch } from "./watch.js";

export interface DashboardOptions {
  readonly watch: Pick<Watch, "now" | "history" | "miner" | "onChange">;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Names under which it is asked for, beside addresses, `localhost` and `host`. */
  readonly names?: readonly string[];
  readonly log: Log;
  readonly maxConnections?: number;
  /** Readers of the stream of events in all, and from one address. */
  readonly maxStreams?: number;
  readonly maxStreamsPerAddress?: number;
}

export interface Dashboard {
  /** The bound address, e.g. `http://127.0.0.1:8420`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Milliseconds between two signs of life on a stream. */
const PING_MS = 15_000;

/** Seconds after which who finds no place on the stream may try again. */
const RETRY_SECONDS = 30;

/**
 * Serves the page and its documents. Every answer comes from memory: no request reaches the chain or anybody's files, and what is the same for
 * everybody is made once.
 *
 * @throws BlockZeroError SERVER_FAILED if the address cannot be bound
 */
export const startDashboard = async (options: DashboardOptions): Promise<Dashboard> => {
  const { watch, host, port, log, maxConnections = 512, maxStreams = 256, maxStreamsPerAddress = 64 } = options;
  const names = [host, ...(options.names ?? [])];
  const streams = createStreams({ most: maxStreams, perAddress: maxStreamsPerAddress });
  const now = lazyDocument(watch.now);
  const history = lazyDocument(watch.history);
  const miners = createMinerPages(watch.miner);
  const message = () => JSON.stringify({ clock: now.value().clock, etag: now.get().etag, history: history.get().etag });
  const stopListening = watch.onChange((what) => {
    now.expire();
    if (what === "cycle") {
      history.expire();
      miners.clear();
    }
    if (streams.size() > 0) streams.send("block", message());
  });

  const app = new Hono();
  app.use(secureHeaders(HEADERS));
  app.use(async (context, next) => {
    if (isOwnHost(context.req.header("host"), names)) return next();
    return context.text("not served under this name; blockzero dashboard --name gives it one\n", 421);
  });
  app.use(async (context, next) => {
    if (context.req.method === "GET" || context.req.method === "HEAD") return next();
    return context.text("only GET and HEAD\n", 405, { allow: "GET, HEAD" });
  });
  for (const [path, document] of pageFiles()) app.get(path, (context) => answer(context, document));
  app.get("/health", (context) => context.json({ status: "ok" }));
  app.get("/api/subnet", (context) => answer(context, now.get()));
  app.get("/api/history", (context) => answer(context, history.get()));
  app.get("/api/miners/:uid{[0-9]{1,5}}", (context) => {
    const cycle = context.req.query("cycle") ?? "";
    if (!/^[0-9]{0,10}$/.test(cycle)) return context.text("cycle is a whole number\n", 400);
    const page = miners.get(
      Number(context.req.param("uid")),
      cycle === "" ? undefined : Number(cycle),
      addressOf(context),
    );
    if (page === null) return context.text("nothing is known of this uid in this cycle\n", 404);
    if (typeof page === "number")
      return context.text("too many miners' pages at once\n", 503, { "retry-after": String(page) });
    return answer(context, page);
  });
  app.get("/api/stream", (context) => {
    if (context.req.method === "HEAD") return context.body(null, 200, STREAM);
    const stream = streams.open(addressOf(context), `event: block\ndata: ${message()}\n\n`);
    return stream
      ? context.body(stream, 200, STREAM)
      : context.text("too many readers\n", 503, { "retry-after": String(RETRY_SECONDS) });
  });
  app.notFound((context) => context.text("not here\n", 404));
  app.onError((thrown, context) => {
    log.error("a page was not served", { path: context.req.path, reason: reasonOf(thrown) });
    return context.text("a fault of the dashboard\n", 500);
  });

  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000, maxHeaderSize: 8192 },
  }) as Server;
  limitConnections(server, { most: maxConnections });
  server.timeout = 4 * PING_MS;
  const ping = setInterval(() => streams.send("ping", ""), PING_MS).unref();
  const bound = await mustListenOn(server, { host, port });
  server.on("error", (error) => log.warn("dashboard", { reason: reasonOf(error) }));
  return {
    ...bound,
    close: () =>
      new Promise((resolve) => {
        clearInterval(ping);
        stopListening();
        streams.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/** The page runs its own scripts only, and nobody may put it into a frame. */
const HEADERS: Parameters<typeof secureHeaders>[0] = {
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "data:"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  referrerPolicy: "no-referrer",
  xFrameOptions: "DENY",
  // Served in plain on loopback; who puts it behind TLS sets this there.
  strictTransportSecurity: false,
};

const STREAM = { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" };

const addressOf = (context: Context): string => getConnInfo(context).remote.address ?? "";

const answer = (context: Context, { type, etag, body, gzip }: Document): Response => {
  const headers = { etag, "cache-control": "no-cache", vary: "accept-encoding" };
  const known = (context.req.header("if-none-match") ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  if (known.includes(etag)) return context.body(null, 304, headers);
  const isZipped = gzip !== null && /\bgzip\b/.test(context.req.header("accept-encoding") ?? "");
  return context.body(isZipped ? gzip : body, 200, {
    ...headers,
    "content-type": type,
    ...(isZipped && { "content-encoding": "gzip" }),
  });
};
