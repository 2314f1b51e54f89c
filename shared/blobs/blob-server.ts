import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { reasonOf } from "#shared/errors/error.js";
import { contentRange, requestedRange } from "#shared/files/byte-range.js";
import { type Instruments, silentInstruments } from "#shared/telemetry/instruments/instruments.js";
import type { PeerClass, Refusal } from "#shared/telemetry/instruments/labels.js";
import { mustListenOn } from "#shared/telemetry/listen-on.js";
import type { Log } from "#shared/telemetry/log.js";
import { orAbort } from "#shared/util/deadline.js";
import { type AdmissionOptions, createAdmission, EVERYBODY, type Urgency } from "./admission.js";
import type { BlobStore } from "./blob-store.js";
import { limitConnections } from "./limit-connections.js";
import { type PrioritySlots, prioritySlots } from "./priority-slots.js";

export interface BlobServerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly store: Pick<BlobStore, "size" | "stream">;
  /** Whether a blob may be fetched yet: an artifact may not be fetched before its reveal. Hidden and missing blobs give the same answer. */
  readonly visible: (hash: string) => boolean;
  readonly log: Log;
  readonly instruments?: Instruments | undefined;
  /** The origin in records, for which requests are signed. Default: the bound address. */
  readonly origin?: string | undefined;
  /** Who may send requests, and how often. Default: everybody, each address ten times a second. */
  readonly admission?: AdmissionOptions;
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress?: number;
  /** Greatest number of blobs that are sent at the same time. Some of these places are reserved for validators, some for all others. */
  readonly maxAnswers?: number;
  /** Greatest number of these places, and of requests that wait for one, for one hotkey or network of strangers. Default: a quarter. */
  readonly maxAnswersEach?: number;
  /**
   * Milliseconds after which an answer is broken off for somebody who waits: of a more urgent class, or of this with fewer places. The client goes on
   * where it was. Default: 2 s. Our own client is silent for no longer than 10 s, and has had a stretch in 2 s at the least rate. Nobody waits for a
   * place for longer than 8 s, or four turns where that is longer.
   */
  readonly turnMs?: number;
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
  /** Answers and waiting requests of each hotkey, and of each network of strangers. */
  readonly answers: Map<string, number>;
  readonly maxAnswersEach: number;
  /** Connections over which a request that a hotkey of the subnet signed is answered, or waits for its place. */
  readonly answered: WeakSet<Socket>;
  readonly origin: () => string;
  readonly instruments: Instruments;
}

/** By urgency. */
const PEERS: Readonly<Record<Urgency, PeerClass>> = ["validator", "miner", "other"];

/** Share of all places for one hotkey or network. Our client asks a server for fewer at once. */
const SHARE_EACH = 1 / 4;
/** Our own client gives up a server that is silent for 10 s. */
const LEAST_PATIENCE_MS = 8_000;
const PATIENCE_TURNS = 4;
/** Share of all places that no hotkey of the subnet takes. */
const SHARE_STRANGERS = 1 / 16;

/**
 * Serves blobs, whole or from a byte on: `GET` or `HEAD /blob/<hash>`, and `GET /health`. Refuses everything else in one line. Drops a client that is
 * slow or silent, or that exceeds the number of connections. Among waiting requests, one of each validator comes first, then who has fewest places,
 * and had them for least time lately. Validators leave a quarter of the places to all others, and these to them. Nobody has more than a quarter, and
 * who takes long gives its place to whoever waits and has fewer. Who would wait longer than our own client does is refused at once.
 *
 * @throws BlockZeroError SERVER_FAILED if the address cannot be bound
 */
export const startBlobServer = async (options: BlobServerOptions): Promise<BlobServer> => {
  const { host, port, log, maxConnections = 512, maxConnectionsPerAddress = 64, answerMs = 600_000 } = options;
  const { maxAnswers = 32, maxAnswersEach = Math.ceil(maxAnswers * SHARE_EACH), turnMs = 2_000 } = options;
  const patienceMs = Math.max(LEAST_PATIENCE_MS, PATIENCE_TURNS * turnMs);
  const { admission = EVERYBODY, instruments = silentInstruments } = options;
  const count = (reason: Refusal) => instruments.add("blockzero_blob_requests_refused_total", 1, { reason });
  const answered = new WeakSet<Socket>();
  const answering: Answering = {
    ...options,
    instruments,
    answered,
    admit: createAdmission(admission),
    slots: prioritySlots(
      [1, 0.75, 0.5].map((share) => Math.ceil(maxAnswers * share)),
      // A validator comes first with one request at a time, else few of them would keep out all who are none.
      { turnMs, patienceMs, isOneFirst: true, keptForLast: Math.floor(maxAnswers * SHARE_STRANGERS) },
    ),
    answers: new Map(),
    maxAnswersEach,
    origin: () => options.origin ?? bound.url,
  };
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000, maxHeaderSize: 8192 },
    (request, response) => {
      const deadline = setTimeout(() => response.destroy(), answerMs);
      response.once("close", () => clearTimeout(deadline));
      answer(request, response, answering).catch((thrown) => {
        count("failed");
        log.debug("blob not served", { url: request.url, reason: reasonOf(thrown) });
        if (response.headersSent) response.destroy();
        else say(response, 500, "cannot read it");
      });
    },
  );
  server.maxRequestsPerSocket = 1000;
  server.timeout = 30_000;
  const connections = limitConnections(server, {
    onRefused: () => count("connections"),
    most: maxConnections,
    perAddress: maxConnectionsPerAddress,
    isAnswered: (socket) => answered.has(socket),
  });
  server.on("clientError", (_error, socket) => socket.destroy());

  const bound = await mustListenOn(server, { host, port });
  server.on("error", (error) => log.warn("blob server", { reason: reasonOf(error) }));

  const unread = instruments.beforeReading(() => instruments.set("blockzero_blob_connections", connections()));
  return {
    ...bound,
    close: () =>
      new Promise((resolve) => {
        unread();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const answer = async (request: IncomingMessage, response: ServerResponse, answering: Answering): Promise<void> => {
  const { method, url: path = "", headers, socket } = request;
  const refuse = (status: number, reason: Refusal, text: string) => refused(response, answering, status, reason, text);
  response.setHeader("x-content-type-options", "nosniff");
  if (hasBody(request)) return refuse(413, "body", "no request has a body here");
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return refuse(405, "method", "only GET and HEAD");
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
    return refuse(admitted.status, admitted.status === 429 ? "too_many" : "unauthorized", admitted.reason);
  }
  if (admitted.urgency < 2) answering.answered.add(socket);
  try {
    await answerAdmitted(admitted, request, response, answering);
  } finally {
    // Who is idle keeps nobody out: a client of ours connects anew for each request.
    answering.answered.delete(socket);
  }
};

const answerAdmitted = async (
  admitted: { readonly urgency: Urgency; readonly from: string },
  request: IncomingMessage,
  response: ServerResponse,
  answering: Answering,
): Promise<void> => {
  const { socket } = request;
  const { instruments } = answering;
  const place = await placeFor(admitted, response, answering);
  if (place === null) {
    // A client of ours asks again after so long.
    response.setHeader("retry-after", 1);
    return refused(response, answering, 503, "busy", "busy");
  }
  const peer = PEERS[admitted.urgency];
  const before = socket.bytesWritten;
  try {
    const problem = await sendBlob(request, response, answering);
    if (problem === null) instruments.add("blockzero_blob_requests_total", 1, { peer });
    else instruments.add("blockzero_blob_requests_refused_total", 1, { reason: problem });
  } finally {
    instruments.add("blockzero_blob_sent_bytes_total", socket.bytesWritten - before, { peer });
    place.release();
  }
};

/** Waits for a place to answer from. Null if there is none for this peer, or too many wait. */
const placeFor = async (
  { urgency, from }: { readonly urgency: Urgency; readonly from: string },
  response: ServerResponse,
  { slots, answers, maxAnswersEach }: Answering,
): Promise<{ release(): void } | null> => {
  const others = answers.get(from) ?? 0;
  if (others >= maxAnswersEach) return null;
  answers.set(from, others + 1);
  const leave = () => {
    const left = answers.get(from)! - 1;
    if (left > 0) answers.set(from, left);
    else answers.delete(from);
  };
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    const free = await slots.acquire(urgency, gone.signal, () => response.destroy(), from);
    if (free === null) {
      leave();
      return null;
    }
    return {
      release() {
        free();
        leave();
      },
    };
  } catch (thrown) {
    leave();
    throw thrown;
  }
};

/** @returns why it was not sent; null if it was */
const sendBlob = async (
  { method, url = "", headers }: IncomingMessage,
  response: ServerResponse,
  { store, visible }: Answering,
): Promise<Refusal | null> => {
  const hash = /^\/blob\/([0-9a-f]{64})$/.exec(url)?.[1];
  const bytes = hash !== undefined && visible(hash) ? await whileOpen(response, store.size(hash)) : null;
  if (hash === undefined || bytes === null) {
    say(response, 404, "no such blob");
    return "missing";
  }
  const range = requestedRange(headers.range, bytes);
  if (range === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${bytes}`);
    say(response, 416, "nothing there");
    return "range";
  }
  response.writeHead(range === null ? 200 : 206, {
    "content-type": "application/octet-stream",
    "content-length": range === null ? bytes : range.end - range.start,
    "accept-ranges": "bytes",
    etag: `"${hash}"`,
    ...(range !== null && { "content-range": contentRange(range, bytes) }),
  });
  if (method === "HEAD") response.end();
  else await send(store.stream(hash, range ?? undefined), range === null ? bytes : range.end - range.start, response);
  return null;
};

/** Whose place went to somebody else, or who went, waits for no store elsewhere. @throws where the response is closed before */
const whileOpen = async <T>(response: ServerResponse, work: Promise<T>): Promise<T> => {
  const gone = new AbortController();
  const onClose = () => gone.abort(new Error("the connection ended"));
  response.once("close", onClose);
  try {
    return await orAbort(work, gone.signal);
  } finally {
    response.off("close", onClose);
  }
};

/** A client that has all of it may hang up before the end of the file is seen here, which takes one more read. @throws what breaks off before */
const send = async (file: Readable, bytes: number, response: ServerResponse): Promise<void> => {
  let sent = 0;
  file.on("data", (chunk: Uint8Array) => {
    sent += chunk.length;
  });
  try {
    await pipeline(file, response);
  } catch (thrown) {
    if (sent < bytes) throw thrown;
  }
};

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;

const refused = (
  response: ServerResponse,
  { instruments }: Answering,
  status: number,
  reason: Refusal,
  text: string,
): void => {
  instruments.add("blockzero_blob_requests_refused_total", 1, { reason });
  say(response, status, text);
};

const say = (response: ServerResponse, status: number, reason: string): void => {
  response.writeHead(status, { "content-type": "text/plain", connection: "close" }).end(`${reason}\n`);
};
