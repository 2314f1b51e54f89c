import { MILLION } from "#shared/util/fraction.js";
import { withSignals } from "#shared/util/join-signals.js";
import type { IdleGate } from "./idle-gate.js";

/** What searches a range of nonces for wins: `SprintNetwork.search`. */
export type SearchNonces = (range: { readonly first: number; readonly count: number }) => Promise<readonly number[]>;

export interface IdleProofsOptions {
  readonly gate: IdleGate;
  readonly search: SearchNonces;
  /** Nonces of one search: real work waits for no more than these. */
  readonly batch: number;
  /** Share of the idle time that may be spent on proofs, in millionths. */
  readonly maxShare: number;
  /** Milliseconds so far. */
  readonly now: () => number;
  /** Waits so many milliseconds, or until the signal ends. Never throws. */
  readonly rest: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Ends the proofs: the fragment is over. */
  readonly stop: AbortSignal;
}

/** Nonces from 0 without gaps, and the wins among them. */
export interface IdleProofs {
  readonly nonces: number;
  /** Ascending. */
  readonly wins: readonly number[];
  /** Searches whose idle time ended before they did. Their nonces count: they were evaluated. */
  readonly yielded: number;
}

/**
 * Evaluates nonces in a device's idle time until it is stopped. Between two batches it looks whether real work has begun, and waits for the
 * work's end, so that work waits for one batch at most.
 *
 * @throws what the search throws
 */
export const proveWhileIdle = async (options: IdleProofsOptions): Promise<IdleProofs> => {
  const { gate, search, batch, maxShare, now, rest, stop } = options;
  if (!(maxShare > 0 && maxShare <= MILLION)) throw new RangeError(`not a share in millionths: ${maxShare}`);
  const wins: number[] = [];
  let [nonces, yielded] = [0, 0];
  while (!stop.aborted) {
    const idle = await gate.idle(stop).catch(() => null);
    if (idle === null) break;
    while (!idle.aborted && !stop.aborted) {
      const begun = now();
      for (const win of await search({ first: nonces, count: batch })) wins.push(win);
      nonces += batch;
      if (idle.aborted) yielded += 1;
      else if (maxShare < MILLION) {
        const milliseconds = (now() - begun) * (MILLION / maxShare - 1);
        await withSignals([idle, stop], (either) => rest(milliseconds, either));
      }
    }
  }
  return { nonces, wins, yielded };
};
