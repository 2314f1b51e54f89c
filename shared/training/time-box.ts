/** How long steps take, per micro-batch. It is kept from cycle to cycle, because the next cycle's steps take as long. */
export interface StepTimes {
  record(milliseconds: number, microBatches: number): void;
  /** Milliseconds per micro-batch that nine in ten of the last steps stayed below. Undefined before the first step. */
  estimate(): number | undefined;
  /** Back to before the first step. */
  forget(): void;
}

/** Number of steps that the estimate uses. */
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
    forget: () => void recent.splice(0),
  };
};

/** Training that must be over at a certain time. */
export interface TimeBox {
  /** Number of micro-batches, at most `wanted`, that a step starting now may have. 0 if not even one would end in time. */
  room(wanted: number): number;
  /** Milliseconds per micro-batch, if known. */
  pace(): number | undefined;
  /** Uses the pace that another process measured, if this one has not measured yet. */
  recall(pace: number): void;
  /** Measures anew. By a pace that leaves no room for a step no later one would begin, and so none be measured. */
  forget(): void;
  /** Runs a step and records how long it took. */
  timed<T>(microBatches: number, step: () => Promise<T>): Promise<T>;
}

export interface TimeBoxOptions {
  readonly times: StepTimes;
  /** Milliseconds. */
  readonly now: () => number;
  /** Latest end of the last step, on the clock of `now`. It may change as more becomes known. Undefined while nothing is known. */
  readonly deadline: () => number | undefined;
  /** Milliseconds of a clock that nobody sets, for how long steps take. Default: the process's own. */
  readonly elapsed?: (() => number) | undefined;
  /** Factor on the estimated time of a step. */
  readonly margin?: number;
}

const MARGIN = 1.25;

/**
 * A time box. The time of a step is known after the first step. So if there is a deadline and nobody measured before, the first step gets
 * one micro-batch. Otherwise a process that starts shortly before the deadline would exceed it by all the other micro-batches.
 */
export const createTimeBox = ({
  times,
  now,
  deadline,
  elapsed = () => performance.now(),
  margin = MARGIN,
}: TimeBoxOptions): TimeBox => ({
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
  forget: () => times.forget(),
  async timed(microBatches, step) {
    const started = elapsed();
    const result = await step();
    times.record(elapsed() - started, microBatches);
    return result;
  },
});
