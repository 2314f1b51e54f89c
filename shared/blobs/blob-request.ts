import type { LookupAddress } from "node:dns";
import { lookup, Resolver } from "node:dns/promises";
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";
import { contentRangeStart } from "#shared/files/byte-range.js";
import { quote } from "#shared/protocol/parsed.js";
import { NONCE_WINDOW_MS } from "#shared/protocol/request.js";
import { isPublicAddress } from "#shared/util/public-address.js";
import type { IncomingBlob } from "./incoming-blob.js";

export interface RequestLimits {
  /** Whether loopback and private networks may be contacted. Set this only if no untrusted party names locations. */
  readonly allowPrivateAddresses: boolean;
  /** Addresses of a host name. Default: the system's resolver. */
  readonly resolve?: (hostname: string) => Promise<readonly LookupAddress[]>;
}

export interface BlobGet {
  readonly origin: URL;
  /** The address of the origin's host that is asked. */
  readonly address: LookupAddress;
  readonly allowPrivateAddresses: boolean;
  /** Milliseconds for the connection. Default: none of its own. */
  readonly connectMs?: number | undefined;
  readonly path: string;
  readonly maxBytes: number;
  readonly authorization: string | undefined;
  readonly signal: AbortSignal;
}

/** Greatest number of interim responses (1xx) before the final one. */
const MAX_INTERIM = 8;

/** What helps where the subnet is on one machine or LAN. */
const PRIVATE_HINT =
  "on one machine or LAN set allow_private_addresses (--allow-private-addresses); elsewhere its owner sets listen.public_url";

/** Parses a location as an origin. @throws BlockZeroError FETCH_REFUSED_ADDRESS */
export const parseOrigin = (location: string, { allowPrivateAddresses }: RequestLimits): URL => {
  const refuse = (problem: string) =>
    fault("FETCH_REFUSED_ADDRESS", `${quote(location)} ${problem}`, "a location is a public http(s) origin");
  if (!URL.canParse(location)) throw refuse("is not a URL");
  const url = new URL(location);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refuse("is not http(s)");
  if (url.href !== `${url.origin}/`) throw refuse("is more than an origin");
  const literal = hostOf(url);
  // Node connects to literal addresses without calling `lookup`, so they are checked here.
  if (isIP(literal) !== 0 && !allowPrivateAddresses && !isPublicAddress(literal))
    throw fault("FETCH_REFUSED_ADDRESS", `${quote(location)} is not a public address`, PRIVATE_HINT);
  return url;
};

/**
 * One GET that continues a blob after the bytes in `incoming`. Appends bytes as they arrive, also if the response breaks off. A server
 * without support for ranges starts from the beginning.
 *
 * @throws BlockZeroError FETCH_NOT_FOUND, FETCH_UNAUTHORIZED, FETCH_TOO_LARGE, FETCH_REFUSED_ADDRESS, FETCH_BUSY, FETCH_FAILED; whatever
 * breaks a connection
 */
export const requestBlob = (get: BlobGet, incoming: IncomingBlob): Promise<void> =>
  new Promise((resolve, reject) => {
    const from = incoming.length();
    const settings: RequestOptions = {
      agent: false,
      headers: {
        accept: "application/octet-stream",
        "accept-encoding": "identity",
        ...(from > 0 && { range: `bytes=${from}-` }),
        ...(get.authorization !== undefined && { authorization: get.authorization }),
      },
      lookup: checkedLookup({ addresses: [get.address], allowPrivateAddresses: get.allowPrivateAddresses }),
      maxHeaderSize: 8192,
      signal: get.signal,
    };
    const send = get.origin.protocol === "https:" ? httpsRequest : httpRequest;
    const giveUp = (problem: string) => {
      reject(fault("FETCH_FAILED", `${get.origin.origin} ${problem}`, "it is no blob server, or not well"));
      request.destroy();
    };
    let isAnswered = false;
    let interim = 0;
    const request = send(new URL(get.path, get.origin), settings, (response) => {
      isAnswered = true;
      take(response, get, incoming).then(resolve, (thrown) => {
        request.destroy();
        reject(thrown);
      });
    });
    request.on("error", reject);
    if (get.connectMs !== undefined) limitConnecting(request, get.connectMs);
    request.on("information", () => {
      interim += 1;
      if (interim > MAX_INTERIM) giveUp("sends interim answers without end");
    });
    // A protocol change (101) emits neither a response nor an error.
    request.on("close", () => {
      if (!isAnswered) giveUp("ended the request without an answer");
    });
    request.end();
  });

/** Ends a request that is not connected in time. The program itself may have been too busy to see that it is. */
const limitConnecting = (request: ClientRequest, milliseconds: number): void => {
  request.once("socket", (socket) => {
    const late = () => {
      if (socket.connecting) request.destroy(new Error(`no connection within ${milliseconds} ms`));
    };
    const timer = setTimeout(() => setImmediate(late), milliseconds);
    for (const event of ["connect", "close"]) socket.once(event, () => clearTimeout(timer));
  });
};

const take = async (
  response: IncomingMessage,
  { origin: url, maxBytes }: BlobGet,
  incoming: IncomingBlob,
): Promise<void> => {
  const { origin } = url;
  const from = incoming.length();
  switch (response.statusCode) {
    case 200:
      if (from > 0) await incoming.restart();
      break;
    case 206:
      if (contentRangeStart(response.headers["content-range"]) !== from)
        throw fault("FETCH_FAILED", `${origin} sent another range than was asked for`, "it is no blob server");
      break;
    case 404:
      throw fault("FETCH_NOT_FOUND", `${origin} does not have it`, "it may come later, or from others");
    case 401:
      throw fault(
        "FETCH_UNAUTHORIZED",
        `${origin} wants requests signed by a hotkey of the subnet`,
        unauthorizedHint(response.headers.date, Date.now()),
      );
  }
  if (response.statusCode === 416 && from > 0) {
    // The server says that nothing is missing. The hash will show whether this is true.
    response.destroy();
    return;
  }
  if (response.statusCode === 429 || response.statusCode === 503)
    throw fault("FETCH_BUSY", `${origin} answered ${response.statusCode}`, "it is busy: try again in a moment");
  if (response.statusCode !== 200 && response.statusCode !== 206)
    throw fault("FETCH_FAILED", `${origin} answered ${response.statusCode}`, "it is no blob server, or not well");
  const tooLarge = async () => {
    await incoming.restart();
    return fault("FETCH_TOO_LARGE", `${origin} serves more than ${maxBytes} bytes`, "no valid blob is so large here");
  };
  if (incoming.length() + Number(response.headers["content-length"] ?? 0) > maxBytes) throw await tooLarge();
  for await (const chunk of response) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("not bytes");
    if (incoming.length() + chunk.length > maxBytes) throw await tooLarge();
    await incoming.append(chunk);
  }
  if (!response.complete) throw fault("FETCH_FAILED", `${origin} broke off`, "try again");
};

/**
 * What a refused signature needs: the right time, where this clock differs from the server's by more than a nonce may.
 *
 * @param date the server's `Date` header
 * @param now milliseconds since the epoch
 */
export const unauthorizedHint = (date: string | undefined, now: number): string => {
  const ahead = now - Date.parse(date ?? "");
  if (!(Math.abs(ahead) > NONCE_WINDOW_MS)) return "register the hotkey in the subnet";
  const seconds = Math.round(Math.abs(ahead) / 1000);
  return `set the clock: this machine's is ${seconds} s ${ahead > 0 ? "ahead of" : "behind"} the server's, and signatures count for ${NONCE_WINDOW_MS / 1000} s`;
};

/** Refuses unless every address is allowed. Gives node exactly these addresses, so there is no second look-up that DNS rebinding could use. */
export const checkedLookup = ({ addresses, allowPrivateAddresses }: AllowedAddresses): LookupFunction => {
  return (hostname, { all }, callback) => {
    const problem = refusedAddress(hostname, { addresses, allowPrivateAddresses });
    const first = addresses[0];
    if (problem !== null || first === undefined) callback(problem, "");
    else if (all) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
};

interface AllowedAddresses extends Pick<RequestLimits, "allowPrivateAddresses"> {
  readonly addresses: readonly LookupAddress[];
}

/** Why a host with these addresses is not asked, FETCH_REFUSED_ADDRESS; null if it may be. */
export const refusedAddress = (
  hostname: string,
  { addresses, allowPrivateAddresses }: AllowedAddresses,
): BlockZeroError | null => {
  const refused = addresses.find(({ address }) => !allowPrivateAddresses && !isPublicAddress(address));
  if (refused === undefined && addresses.length > 0) return null;
  const problem = refused === undefined ? "no address" : refused.address;
  const hint = refused === undefined ? "a location is a public http(s) origin" : PRIVATE_HINT;
  return fault("FETCH_REFUSED_ADDRESS", `${quote(hostname)} resolves to ${problem}`, hint);
};

/**
 * The addresses of an origin's host, resolved once. Strangers may choose the names. If only public hosts may be contacted, the look-up uses
 * none of the threads on which this program reads its files.
 */
export const addressesOf = async (
  origin: URL,
  { allowPrivateAddresses, resolve = allowPrivateAddresses ? resolveAll : resolvePublic }: RequestLimits,
): Promise<readonly LookupAddress[]> => {
  const host = hostOf(origin);
  const family = isIP(host);
  return family === 0 ? resolve(host) : [{ address: host, family }];
};

const resolveAll = (hostname: string): Promise<LookupAddress[]> => lookup(hostname, { all: true });

const resolver = new Resolver({ timeout: 2_000, tries: 2 });

const resolvePublic = async (hostname: string): Promise<LookupAddress[]> => {
  if (/(^|\.)localhost$/.test(hostname)) return [{ address: "127.0.0.1", family: 4 }];
  const found = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  const addresses = found.flatMap((answer, i) =>
    answer.status === "fulfilled" ? answer.value.map((address) => ({ address, family: i === 0 ? 4 : 6 })) : [],
  );
  const [first] = found;
  if (addresses.length === 0 && first?.status === "rejected") throw first.reason;
  return addresses;
};

/** The host without the brackets that a URL puts around IPv6. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

/** A fault of a request to a blob server. */
export const fault = (code: ErrorCode, message: string, hint: string): BlockZeroError =>
  new BlockZeroError(code, message, hint);
