import { setTimeout as delay } from "node:timers/promises";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import { quote } from "#shared/protocol/parsed.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Log } from "#shared/telemetry/log.js";
import { orAbort } from "#shared/util/deadline.js";
import { plural } from "#shared/util/plural.js";
import type { BlobFetch } from "./blob-fetch.js";
import type { RequestLimits } from "./blob-request.js";
import { askingOrder, type Candidate, candidateAt, unpaid } from "./candidates.js";
import { downloads } from "./download.js";
import { type DownloadPart, type DownloadParts, downloadParts } from "./download-parts.js";
import { type AskedOfLocation, type Asking, fetchFromLocation } from "./fetch-from-location.js";
import { DEFAULT_FETCH_LIMITS, type FetchLimits } from "./fetch-limits.js";
import { type FetchTurns, isTurnOver, openFetchTurns } from "./fetch-turns.js";
import { type IncomingBlob, incomingBytes } from "./incoming-blob.js";
import type { FetchObserver } from "./observe-fetches.js";
import { type VainAttempts, vainAttempts } from "./vain-attempts.js";
import { countingBytes, credited } from "./watched-blob.js";

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

/** A server's own share of a moment's requests is free again after so long, as its answer says: `busyPausesMs`. */
const BUSY_PAUSES_MS: readonly number[] = [1_000, 1_000, 2_000];

/** Greatest number of servers without the blob that an error names. */
const FAULTS_TOLD = 3;

/**
 * Fetches blobs from locations that strangers put on chain. It connects only to the address that it has checked, so a name that resolves
 * differently the second time brings no advantage. It follows no redirect and decompresses nothing. It stops at the size limit, and when the
 * transfer is too slow (`watchFetch`).
 */
export const createBlobClient = (options: BlobClientOptions): BlobClient => {
  const { allowPrivateAddresses, signer, turns = openFetchTurns() } = options;
  const download = downloads({ allowPrivateAddresses, signer });
  const shared = { turns, download, vain: vainAttempts() };
  const client: Client = { busyPausesMs: BUSY_PAUSES_MS, ...DEFAULT_FETCH_LIMITS, ...options, ...shared };
  return {
    fetchBlob: async ({ location, ...request }) => {
      const incoming = incomingBytes(request.hash);
      await receive(client, { ...request, locations: [location] }, incoming);
      return incoming.bytes();
    },
    receive: (request, incoming) => receive(client, request, incoming),
  };
};

interface Client extends Asking, Pick<BlobClientOptions, "log" | "observer"> {
  readonly busyPausesMs: readonly number[];
  readonly vain: VainAttempts;
}

const receive = async (
  client: Client,
  { locations, ...request }: BlobFetch & { readonly locations: readonly string[] },
  incoming: IncomingBlob,
): Promise<void> => {
  const parts = downloadParts(incoming);
  const faults = new Map<string, BlockZeroError>();
  const all = [...new Set(locations)];
  let left: readonly string[] = all;
  for (const pauseMs of [0, ...client.busyPausesMs]) {
    if (pauseMs > 0) await pause(pauseMs, request.signal);
    if (await receiveFromOne(client, left, { request, parts, faults })) return;
    left = left.filter((location) => hasCode(faults.get(location), "FETCH_BUSY"));
    if (left.length === 0) break;
  }
  throw notFetched(
    request,
    all.flatMap((location) => faults.get(location) ?? []),
  );
};

/** A blob on its way. */
interface Reception {
  readonly request: BlobFetch;
  readonly parts: DownloadParts;
  /** Why locations did not give it. */
  readonly faults: Map<string, BlockZeroError>;
}

/** Asks each location once, in as many turns as needed. False if none of them has the blob: then `faults` says why. */
const receiveFromOne = async (
  client: Client,
  locations: readonly string[],
  { request, parts, faults }: Reception,
): Promise<boolean> => {
  const { log, vain } = client;
  let left = locations.map(candidateAt);
  const order = askingOrder(client, vain);
  // A slow server, whether on purpose or not, does not prevent asking the others. It gets longer turns after they were asked.
  while (left.length > 0) {
    request.signal?.throwIfAborted();
    const candidate = order.next(left);
    const { location, ms } = candidate;
    const part = await parts.of(location);
    const only = left.length === 1 ? undefined : candidate.turnMs;
    const fault = await tryLocation(client, candidate, { request, part, only });
    if (fault === null) {
      log.debug("fetched a blob", { location, hash: request.hash, bytes: part.blob.length() });
      vain.brought(location);
      return true;
    }
    order.ended(candidate, candidate.ms - ms);
    const isSlow = isTurnOver(fault);
    // Who sent as fast as it must was only not the first.
    vain.inVain(location, isSlow ? unpaid(candidate, client) : candidate.ms);
    // Who sent nothing of a part does not keep it.
    if (isSlow && part.sources.has(location)) parts.keep(location, part);
    else parts.leave(location, part);
    if (isSlow) continue;
    left = left.filter((other) => other !== candidate);
    log.debug("blob not fetched", { location, code: fault.code, reason: fault.message });
    faults.set(location, fault);
  }
  return false;
};

/** An attempt at one location. */
interface LocationAttempt {
  readonly request: BlobFetch;
  readonly part: DownloadPart;
  /** Milliseconds of its one turn; undefined if it has as many as needed. */
  readonly only: number | undefined;
}

/** @returns null if the blob is here, else why not, and what that cost is noted @throws what is no fault of the location's */
const tryLocation = async (
  client: Client,
  candidate: Candidate,
  attempt: LocationAttempt,
): Promise<BlockZeroError | null> => {
  const { location } = candidate;
  const { request, part } = attempt;
  const counted = countingBytes(part.blob);
  let waitedMs = 0;
  const begun = performance.now();
  const ended = (fault?: unknown) =>
    client.observer?.ended({ location, bytes: counted.bytes(), ms: performance.now() - begun, fault });
  try {
    await complete(client, location, {
      ...attempt,
      part: { ...part, blob: counted.blob },
      onWaited: (ms) => {
        waitedMs += ms;
      },
    });
    ended();
    return null;
  } catch (thrown) {
    ended(thrown);
    request.signal?.throwIfAborted();
    if (!(thrown instanceof BlockZeroError) || thrown.code === "STORE_FAILED") throw thrown;
    candidate.ms += performance.now() - begun - waitedMs;
    candidate.bytes += counted.bytes();
    candidate.turnMs *= 2;
    return thrown;
  }
};

/** Fetches a part's rest, and all of it once more where bytes of others were among it. @throws BlockZeroError FETCH_HASH_MISMATCH */
const complete = async (
  client: Client,
  location: string,
  { request, part, only, onWaited }: LocationAttempt & Pick<AskedOfLocation, "onWaited">,
): Promise<void> => {
  const { sources } = part;
  const incoming = credited(part.blob, location, sources);
  for (;;) {
    const costMs = client.vain.costOf(location);
    await fetchFromLocation(client, { location, request, incoming, only, costMs, onWaited });
    const isBlended = [...sources].some((source) => source !== location);
    if (await incoming.finish()) return;
    if (!isBlended)
      throw new BlockZeroError(
        "FETCH_HASH_MISMATCH",
        `${quote(location)} served other bytes as ${request.hash}`,
        "fetch it from someone else",
      );
  }
};

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
    return new BlockZeroError(
      "FETCH_NOT_FOUND",
      `nobody could be asked for ${what} ${hash}`,
      "name a location that has it",
    );
  const told = faults.slice(0, FAULTS_TOLD).map(({ message }) => message);
  if (faults.length > FAULTS_TOLD) told.push(`nor could it be had of ${plural(faults.length - FAULTS_TOLD, "other")}`);
  const message = `${what} ${hash} could not be had: ${told.join("; ")}`;
  return new BlockZeroError(first.code, message, faults.length === 1 ? first.hint : EVERYBODY_ASKED, { cause: first });
};

const EVERYBODY_ASKED =
  "it is asked for again; one server that has it is enough: the owner's, a validator's, or that of anybody who kept it";
