/** How long measuring may take. */
export interface MeasuringTime {
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Milliseconds until the last measurement must be over. Called before each measurement. */
  readonly left: () => number;
}

/** Unlimited time: measuring ends by its own rules. */
export const ENOUGH_TIME: MeasuringTime = { now: () => 0, left: () => Number.POSITIVE_INFINITY };

/** Milliseconds per batch, over everything measured so far. */
export interface Rate {
  /** 0 where nothing was measured yet. */
  perBatch(): number;
  /** @param batches that are really measured: of none nothing is learnt */
  timed<T>(batches: number, measure: () => Promise<T>): Promise<T>;
}

export const createRate = (now: () => number): Rate => {
  let milliseconds = 0;
  let measured = 0;
  return {
    perBatch: () => (measured === 0 ? 0 : milliseconds / measured),
    async timed(batches, measure) {
      const begun = now();
      const result = await measure();
      if (batches > 0) {
        milliseconds += now() - begun;
        measured += batches;
      }
      return result;
    },
  };
};
