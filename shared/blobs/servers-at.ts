import type { LookupAddress } from "node:dns";
import { BlockZeroError } from "#shared/errors/error.js";
import { quote } from "#shared/protocol/parsed.js";
import { orAbort, withDeadline } from "#shared/util/deadline.js";
import { withSignals } from "#shared/util/join-signals.js";
import { addressesOf, hostOf, parseOrigin, type RequestLimits, refusedAddress } from "./blob-request.js";
import type { FetchLimits } from "./fetch-limits.js";
import { FIRST_TURN_MS, turnOver } from "./fetch-turns.js";

/** Longest time for resolving a name, in milliseconds. */
const RESOLVE_MS = 10_000;

/** Addresses of one name that are asked, one after the other. */
const MOST_ADDRESSES = 4;

/**
 * Milliseconds for a connection to one of several addresses before the next is tried: less than the shortest turn, and twice as long as Node itself
 * would wait.
 */
const CONNECT_MS = FIRST_TURN_MS / 2;

/** One address of the server at a location. */
export interface Server {
  readonly origin: URL;
  readonly address: LookupAddress;
  readonly connectMs: number | undefined;
}

/**
 * The server at a location, by each of its addresses: never none.
 *
 * @param only milliseconds of the turn, if it has one only: its name takes no longer either
 * @throws BlockZeroError FETCH_REFUSED_ADDRESS, FETCH_TIMEOUT, or the end of the turn; the signal's reason; what resolving its name throws
 */
export const serversAt = async (
  location: string,
  limits: RequestLimits & Pick<FetchLimits, "graceMs">,
  { signal, only }: { readonly signal: AbortSignal | undefined; readonly only: number | undefined },
): Promise<readonly Server[]> => {
  const { allowPrivateAddresses, graceMs } = limits;
  const origin = parseOrigin(location, limits);
  const most = Math.min(graceMs, RESOLVE_MS);
  const late = () =>
    only !== undefined && only < most
      ? turnOver()
      : new BlockZeroError("FETCH_TIMEOUT", `${quote(location)} has a name that nobody resolves`, "try later");
  const addresses = await withDeadline(Math.min(most, only ?? most), late, (over) =>
    withSignals([over, signal], (either) => orAbort(addressesOf(origin, limits), either)),
  );
  const refused = refusedAddress(hostOf(origin), { addresses, allowPrivateAddresses });
  if (refused !== null) throw refused;
  const asked = addresses.slice(0, MOST_ADDRESSES);
  return asked.map((address, i) => ({ origin, address, connectMs: i < asked.length - 1 ? CONNECT_MS : undefined }));
};
