import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { quote } from "#shared/protocol/parsed.js";
import { withSignals } from "#shared/util/join-signals.js";
import type { BlobFetch } from "./blob-fetch.js";
import type { RequestLimits } from "./blob-request.js";
import { costOfTurn } from "./candidates.js";
import type { Download } from "./download.js";
import { type FetchLimits, watchFetch } from "./fetch-limits.js";
import { type FetchTurns, FIRST_TURN_MS, isTurnOver, turnOver } from "./fetch-turns.js";
import type { IncomingBlob } from "./incoming-blob.js";
import { networkOf } from "./network-of.js";
import { type Server, serversAt } from "./servers-at.js";

/** What servers are asked with. */
export interface Asking extends RequestLimits, FetchLimits {
  readonly turns: FetchTurns;
  readonly download: Download;
}

/** What is asked of one location. */
export interface AskedOfLocation {
  readonly location: string;
  readonly request: BlobFetch;
  readonly incoming: IncomingBlob;
  /** Milliseconds of the one turn that it has; unset: as many turns as needed. */
  readonly only: number | undefined;
  /** Milliseconds that the location last cost in vain, before this. */
  readonly costMs: number;
  /** Is told milliseconds for which it waited for places: they are no fault of the server's. */
  readonly onWaited: (ms: number) => void;
}

/**
 * Fetches the rest of a blob from one location, in as many turns as needed, or in one. Each of its addresses has turns of its own, which count for that
 * address: a name may say those of others.
 *
 * @throws BlockZeroError FETCH_…, or the end of the turn; the signal's reason
 */
export const fetchFromLocation = async (asking: Asking, asked: AskedOfLocation): Promise<void> => {
  const { location, request, incoming, only } = asked;
  const { signal } = request;
  try {
    const servers = await serversAt(location, asking, { signal, only });
    for (const [i, server] of servers.entries()) {
      const before = incoming.length();
      try {
        return await fetchFromServer(asking, server, asked);
      } catch (thrown) {
        const isUnanswered = !(thrown instanceof BlockZeroError) && incoming.length() === before;
        if (signal?.aborted || !isUnanswered || i === servers.length - 1) throw thrown;
      }
    }
  } catch (thrown) {
    if (signal?.aborted || thrown instanceof BlockZeroError) throw thrown;
    throw new BlockZeroError(
      "FETCH_FAILED",
      `${quote(location)}: ${reasonOf(thrown)}`,
      "its server may be down: try later",
      { cause: thrown },
    );
  }
};

/** The same from one address. @throws what breaks a connection, too */
const fetchFromServer = async (
  asking: Asking,
  server: Server,
  { location, request, incoming, only, costMs, onWaited }: AskedOfLocation,
): Promise<void> => {
  const { turns, download } = asking;
  const { signal } = request;
  const network = networkOf(server.address.address);
  let cost = costMs;
  /** When its turn began, and what was there of the blob: null while it waits. */
  let begin: { readonly at: number; readonly bytes: number } | null = null;
  const turnOf = ({ at, bytes }: NonNullable<typeof begin>) => ({
    ms: performance.now() - at,
    bytes: Math.max(0, incoming.length() - bytes),
  });
  const costNow = (): number => {
    const turn = begin && turnOf(begin);
    // Before a first turn is over, what came says nothing.
    return turn && turn.ms >= FIRST_TURN_MS ? costOfTurn(turn, asking) : cost;
  };
  for (let milliseconds = only ?? FIRST_TURN_MS; ; milliseconds *= 2) {
    const begun = performance.now();
    const turn = await turns.take({ network, milliseconds, costMs: costNow, signal });
    begin = { at: performance.now(), bytes: incoming.length() };
    onWaited(begin.at - begun);
    request.onAsked?.();
    const end = new AbortController();
    const timer = only === undefined ? undefined : setTimeout(() => end.abort(turnOver()), milliseconds);
    const watch = watchFetch(location, () => incoming.length(), asking);
    try {
      return await withSignals([watch.signal, turn.over, end.signal, signal], (any) =>
        download(server, request, incoming, any),
      );
    } catch (thrown) {
      if (!isTurnOver(thrown) || only !== undefined) throw thrown;
      cost = costOfTurn(turnOf(begin), asking);
    } finally {
      begin = null;
      watch.stop();
      clearTimeout(timer);
      turn.release();
    }
  }
};
