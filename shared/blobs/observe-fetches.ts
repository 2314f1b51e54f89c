import { BlockZeroError } from "#shared/errors/error.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { FETCH_OUTCOMES, type PeerClass } from "#shared/telemetry/instruments/labels.js";

/** Counts what is fetched from each kind of peer. */
export interface FetchObserver {
  /** An attempt at one location is over. @param bytes that it brought @param fault what it threw, if it did not bring the blob */
  ended(attempt: {
    readonly location: string;
    readonly bytes: number;
    readonly ms: number;
    readonly fault?: unknown;
  }): void;
}

/** @param classOf who serves at a location */
export const observeFetches = (
  instruments: Instruments,
  classOf: (location: string) => Promise<PeerClass>,
): FetchObserver => ({
  ended({ location, bytes, ms, fault }) {
    const outcome = fault === undefined ? "received" : outcomeOf(fault);
    if (outcome !== null) instruments.add("blockzero_blob_fetches_total", 1, { outcome });
    if (bytes === 0 && outcome !== "received") return;
    // Nobody waits for this: a chain that does not answer only delays the count.
    void classOf(location).then((peer) => {
      instruments.add("blockzero_blob_received_bytes_total", bytes, { peer });
      if (outcome === "received") instruments.observe("blockzero_blob_fetch_duration_seconds", ms / 1000, { peer });
    });
  },
});

/** Null for what is no fault of the server's, such as the end of a turn. */
const outcomeOf = (fault: unknown): (typeof FETCH_OUTCOMES)[number] | null => {
  if (!(fault instanceof BlockZeroError) || !fault.code.startsWith("FETCH_")) return null;
  const name = fault.code.slice("FETCH_".length).toLowerCase();
  return FETCH_OUTCOMES.find((outcome) => outcome === name) ?? "failed";
};
