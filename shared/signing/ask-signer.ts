import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { withDeadline } from "#shared/util/deadline.js";
import { type SignerAddress, showSignerAddress } from "./signer-address.js";
import { MAX_ANSWER_BYTES } from "./signing-wire.js";

export interface SignerPlace {
  readonly address: SignerAddress;
  /** Shown with each request; over a Unix socket there need be none. */
  readonly token?: string | undefined;
  /** PEM: the certificate of the signer, or of who signed it. Unset, the authorities that the system trusts. */
  readonly certificate?: string | undefined;
}

export interface SignerAnswer {
  readonly status: number;
  /** At most `MAX_ANSWER_BYTES`. */
  readonly text: string;
  /** Milliseconds to wait, where it says so. */
  readonly retryAfterMs: number | null;
}

export interface SignerQuestion {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly deadlineMs: number;
}

/** One connection after another to a signer. Each question has its own deadline. */
export interface SignerLine {
  /** @throws BlockZeroError SIGNER_UNREACHABLE, SIGNER_TIMEOUT, SIGNER_MALFORMED */
  ask(question: SignerQuestion): Promise<SignerAnswer>;
  close(): void;
}

const MAX_SOCKETS = 8;

export const openSignerLine = ({ address, token, certificate }: SignerPlace): SignerLine => {
  const shown = showSignerAddress(address);
  const pool = { keepAlive: true, maxSockets: MAX_SOCKETS } as const;
  const agent = address.transport === "https" ? new HttpsAgent(pool) : new HttpAgent(pool);
  const send = address.transport === "https" ? httpsRequest : httpRequest;
  const where: RequestOptions =
    address.transport === "unix" ? { socketPath: address.path } : { host: address.host, port: address.port };

  const once = ({ method, path, headers, body, deadlineMs }: SignerQuestion) =>
    withDeadline(
      deadlineMs,
      () =>
        new BlockZeroError(
          "SIGNER_TIMEOUT",
          `the signer at ${shown} did not answer within ${deadlineMs / 1000} s`,
          "see whether it runs and what its log says; where it hangs, start it anew",
        ),
      (signal) =>
        new Promise<SignerAnswer>((resolve, reject) => {
          const options = {
            ...where,
            ...(certificate !== undefined && { ca: certificate }),
            agent,
            method,
            path,
            signal,
            maxHeaderSize: 8192,
            headers: {
              ...headers,
              "content-length": String(body?.length ?? 0),
              ...(token !== undefined && { authorization: `Bearer ${token}` }),
            },
          };
          let isAnswered = false;
          const request = send(options, (response) => {
            isAnswered = true;
            answerOf(response).then(resolve, (thrown: unknown) => {
              request.destroy();
              reject(thrown instanceof BlockZeroError ? thrown : unreachable(shown, thrown));
            });
          });
          request.on("error", (thrown) => reject(unreachable(shown, thrown)));
          // A protocol change (101) emits neither a response nor an error.
          request.on("close", () => {
            if (!isAnswered) reject(unreachable(shown, new Error("it ended the connection without an answer")));
          });
          request.end(body);
        }),
    );
  return { ask: once, close: () => agent.destroy() };
};

const answerOf = async (response: IncomingMessage): Promise<SignerAnswer> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("not bytes");
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw malformedAnswer("more bytes than any answer has");
    chunks.push(chunk);
  }
  if (!response.complete) throw new Error("its answer broke off");
  const seconds = Number(response.headers["retry-after"] ?? Number.NaN);
  return {
    status: response.statusCode ?? 0,
    text: Buffer.concat(chunks).toString("utf8"),
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null,
  };
};

/** The fault of an answer that is none. */
export const malformedAnswer = (problem: string): BlockZeroError =>
  new BlockZeroError(
    "SIGNER_MALFORMED",
    `what answers in the signer's place sent ${problem}`,
    "correct wallet.signer: it must name `blockzero signer`, of this version",
  );

const unreachable = (shown: string, thrown: unknown): BlockZeroError =>
  new BlockZeroError("SIGNER_UNREACHABLE", `the signer at ${shown}: ${reasonOf(thrown)}`, hintOf(thrown), {
    cause: thrown,
  });

/** What to do about the system's or TLS's own fault. */
const hintOf = (thrown: unknown): string => {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  if (code === "EACCES") return "run both programs as one user, or let this one reach the socket's folder";
  if (/CERT|TLS|SSL|SELF_SIGNED|ALTNAME|VERIFY/.test(code))
    return "set wallet.signer_certificate to the signer's certificate, and name the host that it is made out to";
  return "start it with `blockzero signer`, or correct wallet.signer";
};
