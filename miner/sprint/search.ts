import type { ComputedNonces, NonceRange } from "#shared/compute/profile/profile.js";
import type { IdleGate } from "#shared/continuous/idle-gate.js";
import { MAX_WINS } from "#shared/protocol/records.js";
import type { Pace } from "./pace.js";

/** What a search came to. */
export interface Found {
  /** Ascending. */
  readonly wins: readonly number[];
  /** Nonces that were tried: 0 to this, exclusive. */
  readonly nonces: number;
}

export const NOTHING_FOUND: Found = { wins: [], nonces: 0 };

export interface SearchOptions {
  /** Nonces that are computed together. */
  readonly batch: number;
  readonly compute: (range: NonceRange) => Promise<ComputedNonces>;
  /** What was found before. Default: nothing. */
  readonly begun?: Found;
  /** Most nonces that the proof can have, as things stand before a batch. */
  readonly most: () => number;
  readonly pace: Pick<Pace, "rest">;
  /** Waits before each batch until the device is free. False if the search is to end instead. Unset: nothing else wants the device. */
  readonly turn?: () => Promise<boolean>;
  /** Milliseconds until the search must end. 0 or less ends it. Infinity if nobody knows. */
  readonly left: () => number;
  readonly signal: AbortSignal;
  /** Aborts when the search must end, whatever `left` expects, and where `signal` does: it ends a rest. Default: `signal`. */
  readonly until?: AbortSignal;
  /** Told after each batch: what it gave, all nonces and wins so far, and the milliseconds that the batch took. */
  readonly onBatch?: (batch: ComputedNonces, found: FoundSoFar) => void;
}

interface FoundSoFar {
  readonly nonces: number;
  readonly wins: number;
  readonly milliseconds: number;
}

/** A batch may take so much longer than the last one. */
const MARGIN = 1.5;

/** Tries nonces from 0 on, batch by batch, until there is no time for another batch or a proof could hold no more. */
export const search = async (options: SearchOptions): Promise<Found> => {
  const { batch, compute, begun = NOTHING_FOUND, most, pace, turn, left, signal, until = signal, onBatch } = options;
  const wins = [...begun.wins];
  let { nonces } = begun;
  let took = 0;
  const hasTime = () => left() > MARGIN * took;
  /** No longer than the search lasts: what it found must go out. */
  const rest = async () => {
    try {
      await pace.rest(took, until, left());
    } catch (thrown) {
      signal.throwIfAborted();
      if (!until.aborted) throw thrown;
    }
  };
  while (hasTime() && nonces + batch <= most()) {
    signal.throwIfAborted();
    if (turn && !((await turn()) && hasTime())) break;
    const started = performance.now();
    const computed = await compute({ first: nonces, count: batch });
    if (wins.length + computed.wins.length > MAX_WINS) break;
    wins.push(...computed.wins);
    nonces += batch;
    took = performance.now() - started;
    onBatch?.(computed, { nonces, wins: wins.length, milliseconds: took });
    if (hasTime()) await rest();
  }
  return { wins, nonces };
};

/** Waits until nothing else wants the device. False if the time is over before. */
export const isFree = (gate: Pick<IdleGate, "idle">, until: AbortSignal): Promise<boolean> =>
  gate.idle(until).then(
    () => true,
    () => false,
  );
