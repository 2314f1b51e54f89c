/** What is copied, and what the gate sees of it. */
export interface Copying {
  /** Whether the work is the copier's own, so that it is paid beside its copies. If not, it is in the field. */
  readonly isOwn: boolean;
  /** Probability that the duplicate gate recognises a copy. An unrecognised copy gets the full score. */
  readonly recall: number;
}

/**
 * The greatest mean gain of one copy under `proportional` over all fields and exponents, as a share of the pool, if identities are free. An
 * unrecognised copy of one's own work doubles one's weight: the gain is at most (√2 − 1) / (√2 + 1), as in `mostGainOf`. A copy of another
 * miner's work is paid at least beside that work: at most 1/2. The second unrecognised copy gains less than the first, so k copies gain at
 * most k times as much, even if their chances are dependent.
 */
export const mostGainOfCopy = ({ isOwn, recall }: Copying): number =>
  (1 - recall) * (isOwn ? (Math.SQRT2 - 1) / (Math.SQRT2 + 1) : 1 / 2);
