import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import {
  isAskedKind,
  KEY_PATH,
  KIND_HEADER,
  MAX_MESSAGE_BYTES,
  PURPOSE_HEADER,
  parsePurpose,
  SIGN_PATH,
  SIGNER_FAULTS,
  type SignerFaultCode,
} from "#shared/signing/signing-wire.js";
import { showsToken } from "#shared/signing/token-file.js";
import type { Log } from "#shared/telemetry/log.js";
import { boundConnections, type Connections } from "./connections.js";
import { quietLog } from "./quiet-log.js";
import { type Signed, TooOften } from "./sign.js";
import type { AskedRequest } from "./statement.js";

export interface SignerServerOptions {
  /** SS58. */
  readonly hotkey: string;
  readonly sign: (request: AskedRequest) => Signed;
  /** What each request must show; null over a Unix socket, whose mode says who may connect. */
  readonly token: string | null;
  /** PEM. Unset: plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  readonly log: Log;
  readonly maxConnections?: number;
  /** Longest time for one request, in milliseconds. */
  readonly timeoutMs?: number;
}

const MAX_CONNECTIONS = 64;
const TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;

/** Bytes of all large bodies that are read at the same time. */
const MAX_BODIES_BYTES = 48 << 20;

/** Smaller bodies are always read: one a connection is little, and who announces large ones must not keep extrinsics out. */
const LARGE_BODY_BYTES = 64 << 10;

/** Serves one key's signatures. Whoever is slow, silent or sends something else is dropped or refused, and takes nobody else's turn. */
export const createSignerServer = (options: SignerServerOptions): Server => {
  const { tls, maxConnections = MAX_CONNECTIONS, timeoutMs = TIMEOUT_MS } = options;
  const log = quietLog(options.log);
  const held = { bytes: 0 };
  let connections: Connections | null = null;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const trust = () => connections?.trust(request.socket);
    answer(request, response, { ...options, log, trust }, held).catch((thrown: unknown) => {
      if (isRefusal(thrown)) refuse(response, thrown, log);
      else {
        if (request.complete) log.error("a request failed, and was not signed", { reason: reasonOf(thrown) });
        response.destroy();
      }
    });
  };
  const limits = {
    headersTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(1000, timeoutMs),
    maxHeaderSize: 4096,
  };
  const server = tls
    ? createHttpsServer({ ...limits, cert: tls.certificate, key: tls.key, handshakeTimeout: timeoutMs }, onRequest)
    : createHttpServer(limits, onRequest);
  if (options.token === null) server.maxConnections = maxConnections;
  else connections = boundConnections(server, maxConnections);
  server.on("clientError", (_error, socket) => socket.destroy());
  server.on("tlsClientError", (_error: Error, socket: { destroy(): void }) => socket.destroy());
  // None is expected, and each would be a way to hold a connection.
  server.on("upgrade", (_request, socket) => socket.destroy());
  server.on("connect", (_request, socket) => socket.destroy());
  server.on("checkContinue", (_request, response) =>
    end(response, 417, { code: "SIGNER_REFUSED", message: "send it at once" }),
  );
  return server;
};

const answer = async (
  request: IncomingMessage,
  response: ServerResponse,
  { hotkey, sign, token, log, trust }: SignerServerOptions & { readonly trust: () => void },
  held: { bytes: number },
): Promise<void> => {
  const { method, url, headers } = request;
  if (token !== null && !showsToken(headers.authorization, token)) {
    log.warn("a request without the token", { from: request.socket.remoteAddress });
    return end(response, 401, { code: "SIGNER_UNAUTHORIZED", message: "it wants its token" });
  }
  trust();
  if (method === "GET" && url === KEY_PATH) return end(response, 200, { version: 1, address: hotkey });
  if (method !== "POST" || url !== SIGN_PATH)
    return end(response, 404, {
      code: "SIGNER_REFUSED",
      message: `only GET ${KEY_PATH} and POST ${SIGN_PATH} are here`,
    });
  const kind = String(headers[KIND_HEADER]);
  if (!isAskedKind(kind)) return end(response, 400, { code: "SIGNER_REFUSED", message: "of an unknown kind" });
  const shownPurpose = headers[PURPOSE_HEADER];
  const purpose = typeof shownPurpose === "string" ? parsePurpose(shownPurpose) : undefined;
  if (purpose === null) return end(response, 400, { code: "SIGNER_REFUSED", message: "with a purpose that is none" });
  const length = /^\d{1,10}$/.test(headers["content-length"] ?? "") ? Number(headers["content-length"]) : null;
  if (length === null) return end(response, 411, { code: "SIGNER_REFUSED", message: "without its length" });
  if (length > MAX_MESSAGE_BYTES[kind])
    return end(response, 413, { code: "SIGNER_REFUSED", message: `a ${kind} of ${length} bytes` });
  const large = length > LARGE_BODY_BYTES ? length : 0;
  if (large > 0 && held.bytes + large > MAX_BODIES_BYTES)
    return end(response, 503, { code: "SIGNER_BUSY", message: "too much at once" }, 1000);
  held.bytes += large;
  let message: Uint8Array;
  try {
    message = await bodyOf(request);
  } finally {
    held.bytes -= large;
  }
  const { statement, signature } = sign({ kind, message, ...(purpose && { purpose }) } as AskedRequest);
  log.debug("signed", { ...statement });
  end(response, 200, { signature: Buffer.from(signature).toString("hex") });
};

/** The parser of HTTP gives no more bytes than the header said. */
const bodyOf = async (request: IncomingMessage): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const STATUS: Readonly<Record<SignerFaultCode, number>> = {
  SIGNER_UNAUTHORIZED: 401,
  SIGNER_REFUSED: 403,
  SIGNER_CONFLICT: 409,
  SIGNER_BUSY: 429,
  SIGNER_JOURNAL_FAILED: 507,
};

type Refusal = BlockZeroError & { readonly code: SignerFaultCode };

const isRefusal = (thrown: unknown): thrown is Refusal => hasCode(thrown, ...SIGNER_FAULTS);

const refuse = (response: ServerResponse, thrown: Refusal, log: Log): void => {
  const { code } = thrown;
  const line = code === "SIGNER_CONFLICT" || code === "SIGNER_JOURNAL_FAILED" ? log.error : log.warn;
  line.call(log, "not signed", { code, reason: thrown.message });
  end(
    response,
    STATUS[code],
    { code, message: thrown.message },
    thrown instanceof TooOften ? thrown.waitMs : undefined,
  );
};

const end = (response: ServerResponse, status: number, body: object, retryAfterMs?: number): void => {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    "content-type": "application/json",
    "cache-control": "no-store",
    ...(retryAfterMs !== undefined && { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
    // Bytes that nobody reads would be read as the next request.
    ...(status !== 200 && { connection: "close" }),
  });
  response.end(JSON.stringify(body));
};
