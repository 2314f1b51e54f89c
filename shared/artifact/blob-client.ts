import { createHash } from "node:crypto";
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { quote } from "#shared/protocol/parsed.js";
import type { Log } from "#shared/telemetry/log.js";
import { growingBuffer } from "./growing-buffer.js";
import { isPublicAddress } from "./public-address.js";

export interface BlobClientOptions {
  /** Whether loopback and private networks may be contacted: only where nobody hostile names locations. */
  readonly allowPrivateAddresses: boolean;
  /** For one fetch from one location, everything included. Two minutes unless given. */
  readonly timeoutMs?: number;
  readonly log: Log;
  /** Addresses of a host name; the system's resolver unless given. */
  readonly resolve?: (hostname: string) => Promise<readonly LookupAddress[]>;
}

export interface BlobRequest {
  readonly hash: string;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export interface BlobClient {
  /**
   * The blob's bytes, verified against `hash`.
   *
   * @param request location: an http(s) origin
   * @throws BlockZeroError FETCH_REFUSED_ADDRESS, FETCH_TOO_LARGE, FETCH_TIMEOUT, FETCH_HASH_MISMATCH, FETCH_NOT_FOUND or FETCH_FAILED; the
   *   signal's reason when it aborts
   */
  fetchBlob(request: BlobRequest & { readonly location: string }): Promise<Uint8Array>;
  /** From the first location that serves it. @throws BlockZeroError as `fetchBlob` for one location, else FETCH_FAILED naming all */
  fetchFromAny(locations: readonly string[], request: BlobRequest): Promise<Uint8Array>;
}

/**
 * Fetches blobs from locations that strangers put on chain. It connects only to the address that it has checked, so that a name which
 * resolves differently the second time gains nothing; it follows no redirect, decompresses nothing, and stops at the cap.
 */
export const createBlobClient = (options: BlobClientOptions): BlobClient => {
  const { timeoutMs = 120_000 } = options;
  const fetchBlob: BlobClient["fetchBlob"] = async ({ location, hash, maxBytes, signal }) => {
    signal?.throwIfAborted();
    const origin = parseOrigin(location, options.allowPrivateAddresses);
    const deadline = new AbortController();
    const timer = setTimeout(
      () =>
        deadline.abort(
          fault("FETCH_TIMEOUT", `${quote(location)} took longer than ${timeoutMs} ms`, "it is slow: try later"),
        ),
      timeoutMs,
    );
    const aborted = signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, signal]);
    try {
      const bytes = await download(new URL(`/blob/${hash}`, origin), maxBytes, aborted, options);
      const found = createHash("sha256").update(bytes).digest("hex");
      if (found !== hash) {
        throw fault(
          "FETCH_HASH_MISMATCH",
          `${quote(location)} served ${found} as ${hash}`,
          "fetch it from someone else",
        );
      }
      options.log.debug("fetched a blob", { location, hash, bytes: bytes.length });
      return bytes;
    } catch (thrown) {
      if (aborted.aborted) throw aborted.reason;
      if (thrown instanceof BlockZeroError) throw thrown;
      throw fault(
        "FETCH_FAILED",
        `${quote(location)}: ${reasonOf(thrown)}`,
        "its server may be down: try later",
        thrown,
      );
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    fetchBlob,
    fetchFromAny: async (locations, request) => {
      const faults: BlockZeroError[] = [];
      for (const location of new Set(locations)) {
        try {
          return await fetchBlob({ ...request, location });
        } catch (thrown) {
          if (request.signal?.aborted || !(thrown instanceof BlockZeroError)) throw thrown;
          options.log.debug("blob not fetched", { location, code: thrown.code, reason: thrown.message });
          faults.push(thrown);
        }
      }
      if (faults.length === 1 && faults[0] !== undefined) throw faults[0];
      const each = faults.map(({ code, message }) => `${code} ${message}`).join("; ") || "no location is known";
      throw fault("FETCH_FAILED", `${request.hash}: ${each}`, "wait until someone serves it");
    },
  };
};

const parseOrigin = (location: string, allowPrivate: boolean): URL => {
  const refuse = (problem: string) =>
    fault("FETCH_REFUSED_ADDRESS", `${quote(location)} ${problem}`, "a location is a public http(s) origin");
  if (!URL.canParse(location)) throw refuse("is not a URL");
  const url = new URL(location);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refuse("is not http(s)");
  if (url.href !== `${url.origin}/`) throw refuse("is more than an origin");
  const literal = hostOf(url);
  // node connects to literal addresses without asking `lookup`, so they are checked here
  if (isIP(literal) !== 0 && !allowPrivate && !isPublicAddress(literal)) throw refuse("is not a public address");
  return url;
};

const download = (url: URL, maxBytes: number, signal: AbortSignal, options: BlobClientOptions): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const settings: RequestOptions = {
      agent: false,
      headers: { accept: "application/octet-stream", "accept-encoding": "identity" },
      lookup: checkedLookup(options),
      maxHeaderSize: 8192,
      signal,
    };
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(url, settings, (response) => {
      collect(response, url.origin, maxBytes).then(resolve, (thrown) => {
        request.destroy();
        reject(thrown);
      });
    });
    request.on("error", reject);
    request.end();
  });

const collect = async (response: IncomingMessage, origin: string, maxBytes: number): Promise<Uint8Array> => {
  const status = response.statusCode ?? 0;
  if (status === 404) throw fault("FETCH_NOT_FOUND", `${origin} does not have it`, "it may come later, or from others");
  if (status !== 200) throw fault("FETCH_FAILED", `${origin} answered ${status}`, "it is no blob server, or not well");
  const tooLarge = () =>
    fault("FETCH_TOO_LARGE", `${origin} serves more than ${maxBytes} bytes`, "no valid blob is so large here");
  if (Number(response.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
  const buffer = growingBuffer();
  for await (const chunk of response) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("not bytes");
    if (buffer.length() + chunk.length > maxBytes) throw tooLarge();
    buffer.append(chunk);
  }
  if (!response.complete) throw fault("FETCH_FAILED", `${origin} broke off`, "try again");
  return buffer.bytes();
};

/** Resolves once, refuses unless every address is allowed, and hands node exactly those: there is no second look-up to rebind. */
const checkedLookup = ({ allowPrivateAddresses, resolve = resolveAll }: BlobClientOptions): LookupFunction => {
  return (hostname, { all }, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const refused = addresses.find(({ address }) => !allowPrivateAddresses && !isPublicAddress(address));
        const first = addresses[0];
        if (refused !== undefined || first === undefined) {
          const problem = refused === undefined ? "no address" : refused.address;
          const hint = "a location is a public http(s) origin";
          callback(fault("FETCH_REFUSED_ADDRESS", `${quote(hostname)} resolves to ${problem}`, hint), "");
        } else if (all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (thrown) => callback(thrown, ""),
    );
  };
};

const resolveAll = (hostname: string): Promise<LookupAddress[]> => lookup(hostname, { all: true });

/** Without the brackets that a URL puts around IPv6. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

const fault = (code: string, message: string, hint: string, cause?: unknown): BlockZeroError =>
  new BlockZeroError(code, message, hint, { cause });
