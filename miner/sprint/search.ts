import type { NonceTask, SprintProver } from "#shared/compute/profile/profile.js";
import type { IdleGate } from "#shared/continuous/idle-gate.js";
import { MAX_NONCES, MAX_WINS } from "#shared/protocol/records.js";
import type { Pace } from "./pace.js";

/** What a search came to. */
export interface Found {
  /** Ascending. */
  readonly wins: readonly number[];
  /** Nonces that were tried: 0 to this, exclusive. */
  readonly nonces: number;
}

export interface SearchOptions {
  readonly prover: Pick<SprintProver, "search" | "batch">;
  readonly task: NonceTask;
  readonly pace: Pick<Pace, "rest">;
  /** Waits before each batch until the device is free. False if the search is to end instead. Unset: nothing else wants the device. */
  readonly turn?: () => Promise<boolean>;
  /** Milliseconds until the search must end. 0 or less ends it. Infinity if nobody knows. */
  readonly left: () => number;
  readonly signal: AbortSignal;
  /** Told after each batch: all nonces and wins so far, and the milliseconds that the batch took. */
  readonly onBatch?: (found: { readonly nonces: number; readonly wins: number; readonly milliseconds: number }) => void;
}

/** A batch may take so much longer than the last one. */
const MARGIN = 1.5;

/** Tries nonces from 0 on, batch by batch, until there is no time for another batch or a proof could hold no more wins. */
export const search = async (options: SearchOptions): Promise<Found> => {
  const { prover, task, pace, turn, left, signal, onBatch } = options;
  const wins: number[] = [];
  let nonces = 0;
  let took = 0;
  const hasTime = () => left() > MARGIN * took;
  while (hasTime() && nonces + prover.batch <= MAX_NONCES) {
    signal.throwIfAborted();
    if (turn && !((await turn()) && hasTime())) break;
    const begun = performance.now();
    const more = await prover.search(task, { first: nonces, count: prover.batch });
    if (wins.length + more.length > MAX_WINS) break;
    wins.push(...more);
    nonces += prover.batch;
    took = performance.now() - begun;
    onBatch?.({ nonces, wins: wins.length, milliseconds: took });
    if (hasTime()) await pace.rest(took, signal);
  }
  return { wins, nonces };
};

/** Waits until nothing else wants the device. False if the time is over before. */
export const isFree = (gate: Pick<IdleGate, "idle">, over: AbortSignal): Promise<boolean> =>
  gate.idle(over).then(
    () => true,
    () => false,
  );
