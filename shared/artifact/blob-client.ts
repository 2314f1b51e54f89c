import type { Signer } from "#shared/chain/chain.js";
import { orAbort } from "#shared/deadline.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { quote } from "#shared/protocol/parsed.js";
import { requestNonces, signRequest } from "#shared/protocol/request.js";
import type { Log } from "#shared/telemetry/log.js";
import { parseOrigin, type RequestLimits, requestBlob } from "./blob-request.js";
import { type FetchLimits, watchFetch } from "./fetch-limits.js";
import { type IncomingBlob, incomingBytes, lend } from "./incoming-blob.js";

export interface BlobClientOptions extends RequestLimits, Partial<FetchLimits> {
  readonly log: Log;
  /** Whose requests these are: servers answer those of a subnet's hotkeys first. */
  readonly signer?: Pick<Signer, "address" | "sign">;
}

export interface BlobFetch {
  readonly hash: string;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export interface BlobClient {
  /**
   * The blob's bytes, verified against `hash`.
   *
   * @param request location: an http(s) origin
   * @throws BlockZeroError FETCH_REFUSED_ADDRESS, FETCH_TOO_LARGE, FETCH_TIMEOUT, FETCH_HASH_MISMATCH, FETCH_NOT_FOUND, FETCH_UNAUTHORIZED,
   *   FETCH_BUSY or FETCH_FAILED; the signal's reason when it aborts
   */
  fetchBlob(request: BlobFetch & { readonly location: string }): Promise<Uint8Array>;
  /**
   * Receives a blob from the first location that has it; where one breaks off, the next goes on with the bytes that are here. Bytes of
   * several sources that do not make the blob accuse nobody: then a source is asked for all of it.
   *
   * @throws BlockZeroError what `fetchBlob` throws for the first location, FETCH_NOT_FOUND where there is none
   */
  receive(request: BlobFetch & { readonly locations: readonly string[] }, incoming: IncomingBlob): Promise<void>;
}

/** Attempts that one location gets to go on after breaking off, as long as each brings something. */
const CONTINUATIONS = 5;

/** Stands for bytes of an attempt before: nobody remembers whose. */
const EARLIER = "";

/**
 * Fetches blobs from locations that strangers put on chain. It connects only to the address that it has checked, so that a name which
 * resolves differently the second time gains nothing; it follows no redirect, decompresses nothing, and stops at the cap, at the
 * deadline, and when too little comes.
 */
export const createBlobClient = (options: BlobClientOptions): BlobClient => {
  const { log, signer, timeoutMs = 120_000, windowMs = 5_000, minBytesPerSecond = 4096 } = options;
  const limits = { timeoutMs, windowMs, minBytesPerSecond };
  const nextNonce = requestNonces();

  const ask = async (origin: URL, request: BlobFetch, incoming: IncomingBlob, signal: AbortSignal): Promise<void> => {
    const path = `/blob/${request.hash}`;
    const get = { origin, path, maxBytes: request.maxBytes, signal };
    const send = (authorization: string | undefined) => requestBlob({ ...get, authorization }, incoming, options);
    if (signer === undefined) return send(undefined);
    const signed = { method: "GET", origin: origin.origin, path, nonce: nextNonce() };
    try {
      await send(signRequest(signed, signer));
    } catch (thrown) {
      // A clock that is wrong, or a server that others know by another name: what is public is had without a signature.
      if (!hasCode(thrown, "FETCH_UNAUTHORIZED")) throw thrown;
      await send(undefined);
    }
  };

  /** All the rest of a blob from one location. */
  const download = async (location: string, request: BlobFetch, incoming: IncomingBlob): Promise<void> => {
    const origin = parseOrigin(location, options);
    const watch = watchFetch(location, () => incoming.length(), limits);
    const signal = request.signal === undefined ? watch.signal : AbortSignal.any([watch.signal, request.signal]);
    try {
      for (let attempt = 1; ; attempt++) {
        const before = incoming.length();
        const loan = lend(incoming);
        try {
          return await orAbort(ask(origin, request, loan.blob, signal), signal);
        } catch (thrown) {
          await loan.takeBack();
          if (signal.aborted) throw signal.reason;
          const mayGoOn = !(thrown instanceof BlockZeroError) || thrown.code === "FETCH_FAILED";
          if (!mayGoOn || incoming.length() <= before || attempt === CONTINUATIONS) throw thrown;
        }
      }
    } catch (thrown) {
      if (signal.aborted || thrown instanceof BlockZeroError) throw thrown;
      throw fault(
        "FETCH_FAILED",
        `${quote(location)}: ${reasonOf(thrown)}`,
        "its server may be down: try later",
        thrown,
      );
    } finally {
      watch.stop();
    }
  };

  const receive: BlobClient["receive"] = async ({ locations, ...request }, incoming) => {
    let first: BlockZeroError | undefined;
    const sources = new Set(incoming.length() > 0 ? [EARLIER] : []);
    for (const location of new Set(locations)) {
      request.signal?.throwIfAborted();
      try {
        await complete(location, request, credited(incoming, location, sources), sources);
        log.debug("fetched a blob", { location, hash: request.hash, bytes: incoming.length() });
        return;
      } catch (thrown) {
        request.signal?.throwIfAborted();
        if (!(thrown instanceof BlockZeroError) || thrown.code === "STORE_FAILED") throw thrown;
        log.debug("blob not fetched", { location, code: thrown.code, reason: thrown.message });
        first ??= thrown;
      }
    }
    throw first ?? fault("FETCH_NOT_FOUND", `nobody has blob ${request.hash}`, "name a location that does");
  };

  const complete = async (
    location: string,
    request: BlobFetch,
    incoming: IncomingBlob,
    sources: ReadonlySet<string>,
  ): Promise<void> => {
    for (;;) {
      await download(location, request, incoming);
      const isBlended = [...sources].some((source) => source !== location);
      if (await incoming.finish()) return;
      if (!isBlended)
        throw fault(
          "FETCH_HASH_MISMATCH",
          `${quote(location)} served other bytes as ${request.hash}`,
          "fetch it from someone else",
        );
    }
  };

  return {
    fetchBlob: async ({ location, ...request }) => {
      const incoming = incomingBytes(request.hash);
      await receive({ ...request, locations: [location] }, incoming);
      return incoming.bytes();
    },
    receive,
  };
};

/** Notes in `sources` whose bytes are here. */
const credited = (incoming: IncomingBlob, location: string, sources: Set<string>): IncomingBlob => ({
  length: incoming.length,
  append: async (chunk) => {
    sources.add(location);
    await incoming.append(chunk);
  },
  restart: async () => {
    sources.clear();
    await incoming.restart();
  },
  finish: async () => {
    const isWhole = await incoming.finish();
    if (!isWhole) sources.clear();
    return isWhole;
  },
});

const hasCode = (thrown: unknown, code: string): boolean => thrown instanceof BlockZeroError && thrown.code === code;

const fault = (code: string, message: string, hint: string, cause?: unknown): BlockZeroError =>
  new BlockZeroError(code, message, hint, { cause });
