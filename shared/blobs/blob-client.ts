import type { LookupAddress } from "node:dns";
import { setTimeout as delay } from "node:timers/promises";
import { BlockZeroError, type ErrorCode, hasCode, reasonOf } from "#shared/errors/error.js";
import { quote } from "#shared/protocol/parsed.js";
import { requestNonces, signRequest } from "#shared/protocol/request.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Log } from "#shared/telemetry/log.js";
import { orAbort, withDeadline } from "#shared/util/deadline.js";
import { withSignals } from "#shared/util/join-signals.js";
import { plural } from "#shared/util/plural.js";
import { networkOf } from "./admission.js";
import { addressesOf, hostOf, parseOrigin, type RequestLimits, refusedAddress, requestBlob } from "./blob-request.js";
import { type DownloadParts, downloadParts } from "./download-parts.js";
import { DEFAULT_FETCH_LIMITS, type FetchLimits, watchFetch } from "./fetch-limits.js";
import { type FetchTurns, FIRST_TURN_MS, isTurnOver, openFetchTurns, turnOver } from "./fetch-turns.js";
import { type IncomingBlob, incomingBytes, lend } from "./incoming-blob.js";
import type { FetchObserver } from "./observe-fetches.js";
import { vainAttempts } from "./vain-attempts.js";

export interface BlobClientOptions extends RequestLimits, Partial<FetchLimits> {
  readonly log: Log;
  /** Signs the requests. Servers answer those of a subnet's hotkeys first. */
  readonly signer?: Pick<Signer, "address" | "sign">;
  /** Limits how many servers are asked at the same time, and for how long while others wait. */
  readonly turns?: FetchTurns;
  readonly observer?: FetchObserver | undefined;
  /**
   * Milliseconds to wait before servers that had no place are asked once more, and before each time after that. Default: 1, 1 and 2 s. None for
   * who has a patience of its own.
   */
  readonly busyPausesMs?: readonly number[];
}

export interface BlobFetch {
  readonly hash: string;
  /** What the blob is, for error messages, e.g. `the network file`. */
  readonly what?: string | undefined;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /** Called when a server is about to be asked. Before that, the request only waited for its turn. */
  readonly onAsked?: (() => void) | undefined;
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
   * Receives a blob from the first location that has it. If a transfer breaks off, the next location continues after the bytes that are
   * here. If bytes from several sources do not have the hash, no source is blamed. Then one source is asked for the whole blob. A slow location
   * that is interrupted for others continues later with its own bytes. Who took long the last time and brought nothing is asked after the others, for
   * whatever blob. If nobody has it, those who were too busy to say are asked again after a pause.
   *
   * @throws BlockZeroError what `fetchBlob` throws for the first location, FETCH_NOT_FOUND if there is none
   */
  receive(request: BlobFetch & { readonly locations: readonly string[] }, incoming: IncomingBlob): Promise<void>;
}

/** Number of times in a row that one location may break off before it has sent a stretch, if each attempt brings bytes. */
const CONTINUATIONS = 5;

/** Bytes after which breaking off counts anew: a large blob takes longer than servers give one answer, which is 2 s where others wait. */
const STRETCH_BYTES = 1 << 20;

/** A server's own share of a moment's requests is free again after so long, as its answer says: `busyPausesMs`. */
const BUSY_PAUSES_MS: readonly number[] = [1_000, 1_000, 2_000];

/** Longest time for resolving a name, in milliseconds. */
const RESOLVE_MS = 10_000;

/** Addresses of one name that are asked, one after the other. */
const MOST_ADDRESSES = 4;

/** Milliseconds for a connection to one of several addresses before the next is tried: less than the shortest turn, and twice as long as Node itself would wait. */
const CONNECT_MS = FIRST_TURN_MS / 2;

/** Share of its time that a location costs whatever it sends: after a minute of bytes that may be worth nothing, who was silent before is asked again. */
const LEAST_COST = 1 / 64;

/** Greatest number of servers without the blob that an error names. */
const FAULTS_TOLD = 3;

/** A request to one location. */
interface Attempt extends BlobFetch {
  /** Milliseconds for which it waited for places: they are no fault of the server's. */
  waitedMs: number;
}

/** A location that may still have the blob. */
interface Candidate {
  readonly location: string;
  /** Milliseconds of its next turn. */
  turnMs: number;
  /** Milliseconds for which it was asked. */
  ms: number;
  /** Bytes that it sent. */
  bytes: number;
}

/** One address of the server at a location. */
interface Server {
  readonly origin: URL;
  readonly address: LookupAddress;
  readonly connectMs: number | undefined;
}

/**
 * Fetches blobs from locations that strangers put on chain. It connects only to the address that it has checked, so a name that resolves
 * differently the second time brings no advantage. It follows no redirect and decompresses nothing. It stops at the size limit, and when the
 * transfer is too slow (`watchFetch`).
 */
export const createBlobClient = (options: BlobClientOptions): BlobClient => {
  const { log, signer } = options;
  const { allowPrivateAddresses, observer, turns = openFetchTurns(), busyPausesMs = BUSY_PAUSES_MS } = options;
  const limits: FetchLimits = { ...DEFAULT_FETCH_LIMITS, ...options };
  const nextNonce = requestNonces();
  const vain = vainAttempts();

  const ask = async (
    server: Server,
    request: BlobFetch,
    incoming: IncomingBlob,
    signal: AbortSignal,
  ): Promise<void> => {
    const { origin } = server;
    const path = `/blob/${request.hash}`;
    const get = { ...server, allowPrivateAddresses, path, maxBytes: request.maxBytes, signal };
    const send = (authorization: string | undefined) => requestBlob({ ...get, authorization }, incoming);
    if (signer === undefined) return send(undefined);
    const signed = { method: "GET", origin: origin.origin, path, nonce: nextNonce() };
    const authorization = await authorizationOf(signed, signer);
    if (authorization === undefined) return send(undefined);
    try {
      await send(authorization);
    } catch (thrown) {
      // The clock may be wrong, or records may name the server differently. Public blobs are served without a signature.
      if (!hasCode(thrown, "FETCH_UNAUTHORIZED")) throw thrown;
      await send(undefined);
    }
  };

  /** Fetches the rest of a blob from one server, until a signal aborts. @throws what breaks a connection */
  const download = async (server: Server, request: BlobFetch, incoming: IncomingBlob, signal: AbortSignal) => {
    for (let attempts = 1; ; attempts++) {
      const before = incoming.length();
      const loan = lend(incoming);
      try {
        return await orAbort(ask(server, request, loan.blob, signal), signal);
      } catch (thrown) {
        await loan.takeBack();
        if (signal.aborted) throw signal.reason;
        const mayGoOn = !(thrown instanceof BlockZeroError) || thrown.code === "FETCH_FAILED";
        const gained = incoming.length() - before;
        if (gained >= STRETCH_BYTES) attempts = 0;
        if (!mayGoOn || gained <= 0 || attempts === CONTINUATIONS) throw thrown;
      }
    }
  };

  /**
   * The server at a location, by each of its addresses: never none.
   *
   * @param only milliseconds of the turn, if it has one only: its name takes no longer either
   * @throws BlockZeroError FETCH_REFUSED_ADDRESS, FETCH_TIMEOUT, or the end of the turn
   */
  const find = async (location: string, signal: AbortSignal | undefined, only?: number): Promise<readonly Server[]> => {
    const origin = parseOrigin(location, options);
    const most = Math.min(limits.graceMs, RESOLVE_MS);
    const late = () =>
      only !== undefined && only < most
        ? turnOver()
        : fault("FETCH_TIMEOUT", `${quote(location)} has a name that nobody resolves`, "try later");
    const addresses = await withDeadline(Math.min(most, only ?? most), late, (over) =>
      withSignals([over, signal], (either) => orAbort(addressesOf(origin, options), either)),
    );
    const refused = refusedAddress(hostOf(origin), { addresses, allowPrivateAddresses });
    if (refused !== null) throw refused;
    const asked = addresses.slice(0, MOST_ADDRESSES);
    return asked.map((address, i) => ({ origin, address, connectMs: i < asked.length - 1 ? CONNECT_MS : undefined }));
  };

  /**
   * Fetches the rest of a blob from one location, in as many turns as needed. If other locations are left to ask, in one turn. Each of its addresses
   * has turns of its own, which count for that address: a name may say those of others.
   *
   * @throws BlockZeroError FETCH_…, or the end of the turn
   */
  const inTurns = async (location: string, request: Attempt, incoming: IncomingBlob, only?: number): Promise<void> => {
    const { signal } = request;
    try {
      const servers = await find(location, signal, only);
      for (const [i, server] of servers.entries()) {
        const before = incoming.length();
        try {
          return await inTurnsOf(server, location, request, incoming, only);
        } catch (thrown) {
          const isUnanswered = !(thrown instanceof BlockZeroError) && incoming.length() === before;
          if (signal?.aborted || !isUnanswered || i === servers.length - 1) throw thrown;
        }
      }
    } catch (thrown) {
      if (signal?.aborted || thrown instanceof BlockZeroError) throw thrown;
      const problem = `${quote(location)}: ${reasonOf(thrown)}`;
      throw fault("FETCH_FAILED", problem, "its server may be down: try later", thrown);
    }
  };

  /** `inTurns` from one address. @throws what breaks a connection, too */
  const inTurnsOf = async (
    server: Server,
    location: string,
    request: Attempt,
    incoming: IncomingBlob,
    only: number | undefined,
  ): Promise<void> => {
    const { signal } = request;
    const network = networkOf(server.address.address);
    for (let milliseconds = only ?? FIRST_TURN_MS; ; milliseconds *= 2) {
      const begun = performance.now();
      const turn = await turns.take({ network, milliseconds, signal });
      request.waitedMs += performance.now() - begun;
      request.onAsked?.();
      const end = new AbortController();
      const timer = only === undefined ? undefined : setTimeout(() => end.abort(turnOver()), milliseconds);
      const watch = watchFetch(location, () => incoming.length(), limits);
      try {
        return await withSignals([watch.signal, turn.over, end.signal, signal], (any) =>
          download(server, request, incoming, any),
        );
      } catch (thrown) {
        if (!isTurnOver(thrown) || only !== undefined) throw thrown;
      } finally {
        watch.stop();
        clearTimeout(timer);
        turn.release();
      }
    }
  };

  const receive: BlobClient["receive"] = async ({ locations, ...request }, incoming) => {
    const parts = downloadParts(incoming);
    /** By location. */
    const faults = new Map<string, BlockZeroError>();
    const all = [...new Set(locations)];
    let left: readonly string[] = all;
    for (const pauseMs of [0, ...busyPausesMs]) {
      if (pauseMs > 0) await pause(pauseMs, request.signal);
      if (await receiveFromOne(left, request, parts, faults)) return;
      left = left.filter((location) => hasCode(faults.get(location), "FETCH_BUSY"));
      if (left.length === 0) break;
    }
    throw notFetched(
      request,
      all.flatMap((location) => faults.get(location) ?? []),
    );
  };

  /** Asks each location once, in as many turns as needed. False if none of them has the blob: then `faults` says why. */
  const receiveFromOne = async (
    locations: readonly string[],
    request: BlobFetch,
    parts: DownloadParts,
    faults: Map<string, BlockZeroError>,
  ): Promise<boolean> => {
    let left = locations.map((location): Candidate => ({ location, turnMs: FIRST_TURN_MS, ms: 0, bytes: 0 }));
    // A slow server, whether on purpose or not, does not prevent asking the others. It gets longer turns after they were asked.
    while (left.length > 0) {
      request.signal?.throwIfAborted();
      const candidate = left.reduce((best, one) => (costOf(one) < costOf(best) ? one : best));
      const { location } = candidate;
      const part = await parts.of(location);
      const counted = countingBytes(part.blob);
      const attempt: Attempt = { ...request, waitedMs: 0 };
      const begun = performance.now();
      const ended = (fault?: unknown) =>
        observer?.ended({ location, bytes: counted.bytes(), ms: performance.now() - begun, fault });
      try {
        const from = credited(counted.blob, location, part.sources);
        await complete(location, attempt, from, part.sources, left.length === 1 ? undefined : candidate.turnMs);
        ended();
        log.debug("fetched a blob", { location, hash: request.hash, bytes: part.blob.length() });
        // What others sent of it was in vain as well.
        for (const other of left) vain.inVain(other.location, other.ms);
        vain.brought(location);
        return true;
      } catch (thrown) {
        ended(thrown);
        request.signal?.throwIfAborted();
        if (!(thrown instanceof BlockZeroError) || thrown.code === "STORE_FAILED") throw thrown;
        candidate.ms += performance.now() - begun - attempt.waitedMs;
        candidate.bytes += counted.bytes();
        candidate.turnMs *= 2;
        const isSlow = isTurnOver(thrown);
        vain.inVain(location, isSlow ? unpaid(candidate) : candidate.ms);
        // Who sent nothing of a part does not keep it.
        if (isSlow && part.sources.has(location)) parts.keep(location, part);
        else parts.leave(location, part);
        if (isSlow) continue;
        left = left.filter((other) => other !== candidate);
        log.debug("blob not fetched", { location, code: thrown.code, reason: thrown.message });
        faults.set(location, thrown);
      }
    }
    return false;
  };

  /** Milliseconds for which it was asked beyond those that its bytes take at the least rate. */
  const unpaid = ({ ms, bytes }: Candidate): number => ms - (1000 * bytes) / limits.leastBytesPerSecond;

  /** What is compared: who cost least, for this blob and in vain for the last others, is asked next. Who sends little holds up nobody who sends more. */
  const costOf = (candidate: Candidate): number =>
    vain.costOf(candidate.location) + Math.max(unpaid(candidate), candidate.ms * LEAST_COST);

  const complete = async (
    location: string,
    request: Attempt,
    incoming: IncomingBlob,
    sources: ReadonlySet<string>,
    milliseconds?: number,
  ): Promise<void> => {
    for (;;) {
      await inTurns(location, request, incoming, milliseconds);
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

/** Undefined if the signer of the hotkey does not sign: who signs nothing is a stranger, and served as one. */
const authorizationOf = async (
  request: Parameters<typeof signRequest>[0],
  signer: Pick<Signer, "address" | "sign">,
): Promise<string | undefined> => {
  try {
    return await signRequest(request, signer);
  } catch (thrown) {
    if (hasCode(thrown, ...UNSIGNED)) return undefined;
    throw thrown;
  }
};

const UNSIGNED = [
  "SIGNER_BUSY",
  "SIGNER_MALFORMED",
  "SIGNER_REFUSED",
  "SIGNER_TIMEOUT",
  "SIGNER_UNAUTHORIZED",
  "SIGNER_UNREACHABLE",
] as const satisfies readonly ErrorCode[];

/** @throws the signal's reason */
const pause = async (milliseconds: number, signal: AbortSignal | undefined): Promise<void> => {
  const pausing = new AbortController();
  const over = delay(milliseconds, undefined, { signal: pausing.signal });
  try {
    await (signal ? orAbort(over, signal) : over);
  } finally {
    pausing.abort();
  }
};

/** What is missing, which servers were asked, and what each answered. The code is that of the first. */
const notFetched = ({ hash, what = "blob" }: BlobFetch, faults: readonly BlockZeroError[]): BlockZeroError => {
  const [first] = faults;
  if (first === undefined)
    return fault("FETCH_NOT_FOUND", `nobody could be asked for ${what} ${hash}`, "name a location that has it");
  const told = faults.slice(0, FAULTS_TOLD).map(({ message }) => message);
  if (faults.length > FAULTS_TOLD) told.push(`nor could it be had of ${plural(faults.length - FAULTS_TOLD, "other")}`);
  const message = `${what} ${hash} could not be had: ${told.join("; ")}`;
  return fault(first.code, message, faults.length === 1 ? first.hint : EVERYBODY_ASKED, first);
};

const EVERYBODY_ASKED =
  "it is asked for again; one server that has it is enough: the owner's, a validator's, or that of anybody who kept it";

/** Counts the bytes that are appended. */
const countingBytes = (incoming: IncomingBlob) => {
  let bytes = 0;
  const blob: IncomingBlob = {
    length: incoming.length,
    append: (chunk) => {
      bytes += chunk.length;
      return incoming.append(chunk);
    },
    restart: incoming.restart,
    finish: incoming.finish,
  };
  return { blob, bytes: () => bytes };
};

/** Records in `sources` whose bytes are here. */
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

const fault = (code: ErrorCode, message: string, hint: string, cause?: unknown): BlockZeroError =>
  new BlockZeroError(code, message, hint, { cause });
