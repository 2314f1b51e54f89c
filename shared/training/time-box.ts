/** How long steps take, per micro-batch; it outlives a cycle, since the next one's steps take as long. */
export interface StepTimes {
  record(milliseconds: number, microBatches: number): void;
  /** Milliseconds that nine in ten of the last steps stayed below, per micro-batch; undefined before the first. */
  estimate(): number | undefined;
}

/** Steps that the estimate looks back on. */
const WINDOW = 32;
const QUANTILE = 0.9;

export const stepTimes = (): StepTimes => {
  const recent: number[] = [];
  return {
    record(milliseconds, microBatches) {
      recent.push(milliseconds / microBatches);
      if (recent.length > WINDOW) recent.shift();
    },
    estimate() {
      const ascending = recent.toSorted((a, b) => a - b);
      return ascending[Math.ceil(QUANTILE * ascending.length) - 1];
    },
  };
};

/** Training that must be over at a certain time. */
export interface TimeBox {
  /** Micro-batches, at most `wanted`, that a step beginning now may have; 0 where not even one would end in time. */
  room(wanted: number): number;
  /** Milliseconds a micro-batch, as far as known. */
  pace(): number | undefined;
  /** Takes over what another process measured, where this one has not yet. */
  recall(pace: number): void;
  /** Runs a step and learns from how long it took. */
  timed<T>(microBatches: number, step: () => Promise<T>): Promise<T>;
}

export interface TimeBoxOptions {
  readonly times: StepTimes;
  /** Milliseconds. */
  readonly now: () => number;
  /** When the last step must have ended, on the clock of `now`; may move as more becomes known, undefined while nothing is. */
  readonly deadline: () => number | undefined;
  /** Factor on the estimated time of a step. */
  readonly margin?: number;
}

const MARGIN = 1.25;

/**
 * A time box. How long a step takes is known after the first, which therefore gets one micro-batch where there is a deadline and nobody
 * measured before: a process that begins shortly before it would otherwise run over by all the others.
 */
export const createTimeBox = ({ times, now, deadline, margin = MARGIN }: TimeBoxOptions): TimeBox => ({
  room(wanted) {
    const end = deadline();
    if (end === undefined) return wanted;
    const left = end - now();
    if (left <= 0) return 0;
    const each = times.estimate();
    return Math.min(wanted, each === undefined ? 1 : Math.floor(left / (each * margin)));
  },
  pace: () => times.estimate(),
  recall(pace) {
    if (times.estimate() === undefined) times.record(pace, 1);
  },
  async timed(microBatches, step) {
    const started = now();
    const result = await step();
    times.record(now() - started, microBatches);
    return result;
  },
});
