import { lookup } from "node:dns";
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "#shared/util/public-address.js";
import { WandbFault } from "./fault.js";

/** Longest answer of the service, in bytes: what it says of a run takes some kilobytes. */
const MAX_ANSWER_BYTES = 64 << 10;
/** Greatest number of interim answers (1xx) before the final one. */
const MAX_INTERIM = 8;

export interface WandbRequest {
  readonly method: "POST" | "PUT";
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Uint8Array;
  readonly signal: AbortSignal;
  /** Refuses addresses that are not on the public internet: the service, and not the operator, chose this one. */
  readonly isPublicOnly?: boolean;
}

/**
 * The text of an answer. By Node's own client and not by `fetch`: in the worker's thread that takes seven megabytes less. It follows no redirect.
 *
 * @throws WandbFault for an address that is refused, a status of 300 and more, an answer that is too long or encoded, and a connection that breaks
 */
export const requestText = (
  url: string,
  { method, headers, body, signal, isPublicOnly = false }: WandbRequest,
): Promise<string> =>
  new Promise((resolve, reject) => {
    const { protocol, hostname } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, "");
    // Node connects to literal addresses without looking them up.
    if (isPublicOnly && isIP(host) !== 0 && !isPublicAddress(host)) return reject(notPublic());
    const send = protocol === "https:" ? httpsRequest : httpRequest;
    const bytes = Buffer.from(body);
    const whole = { ...headers, "accept-encoding": "identity", "content-length": bytes.length };
    const request = send(url, { method, headers: whole, signal, ...(isPublicOnly && { lookup: publicLookup }) });
    const giveUp = (fault: WandbFault) => {
      reject(fault);
      request.destroy();
    };
    let isAnswered = false;
    let interim = 0;
    request.on("information", () => {
      interim += 1;
      if (interim > MAX_INTERIM) giveUp(new WandbFault("the service sends interim answers without end", false));
    });
    request.on("error", (error) => reject(error instanceof WandbFault ? error : new WandbFault(error.message, false)));
    // A protocol change (101) emits neither a response nor an error.
    request.on("close", () => {
      if (!isAnswered) reject(new WandbFault("the service ended the request without an answer", false));
    });
    request.on("response", (response) => {
      isAnswered = true;
      read(response).then(resolve, (thrown: unknown) => {
        reject(thrown instanceof WandbFault ? thrown : new WandbFault("the service broke off", false));
        request.destroy();
      });
    });
    request.end(bytes);
  });

/** The addresses of a name, if all of them are on the public internet. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined) callback(error ?? new WandbFault("no address", false), "");
    else if (!addresses.every(({ address }) => isPublicAddress(address))) callback(notPublic(), "");
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

const notPublic = () =>
  new WandbFault(
    "the service names an address for a file that is not public: where both are yours set BLOCKZERO_ALLOW_PRIVATE_ADDRESSES=true",
    true,
  );

const read = async (response: IncomingMessage): Promise<string> => {
  const { statusCode: status = 0, headers } = response;
  // Too many requests, and the server's own faults, pass.
  if (status >= 300)
    throw new WandbFault(
      `HTTP status ${status}`,
      status >= 400 && status < 500 && status !== 408 && status !== 429,
      status,
    );
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    throw new WandbFault(`the service answers in the encoding ${encoding.slice(0, 20)}`, false);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response) {
    if (!(piece instanceof Uint8Array)) throw new TypeError("not bytes");
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw new WandbFault(`the service answers with more than ${MAX_ANSWER_BYTES} bytes`, false);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
};
