import type { Log } from "#shared/telemetry/log.js";

/** Where in the cycles a request comes. */
export interface Moment {
  readonly cycle: number;
  /** Whether half of the cycle's evaluate phase has passed. */
  readonly isLate: boolean;
}

/**
 * Milliseconds that a request took with the program, its sample included, and that the built-in meter would have taken
 * at most.
 */
export interface Took {
  readonly theirs: number;
  readonly ours: number;
}

/** What a cycle's requests took. */
interface Pace {
  readonly cycle: number;
  /** The first one, which may have the model read. */
  first: Took | undefined;
  /** All others together. */
  rest: Took;
  isGivenUp: boolean;
}

/** Tells a program that costs a validator more time than it saves. */
export interface PaceBook {
  /**
   * Whether there is time for a program as slow as this one was in the cycle. That there is none is told, and so is a
   * cycle before in which it was slow.
   */
  hasTime(moment: Moment): boolean;
  /** Notes what a request took. */
  note(cycle: number, took: Took): void;
}

const NOTHING: Took = { theirs: 0, ours: 0 };

const PREVENTION = "give the program a faster machine or larger batches, or leave out evaluator.command";

/**
 * Opens a book of what requests take. A program that was slower than the built-in meter in a cycle is told when the
 * next one begins; from the middle of the evaluate phase on there is no time for it any more. Whether there is goes by
 * the requests after the first one, in which the model may have been read: a program that begins slowly may be the
 * faster one from then on.
 */
export const openPaceBook = (log: Pick<Log, "warn">): PaceBook => {
  let pace: Pace | undefined;
  const of = (cycle: number): Pace => {
    if (pace?.cycle === cycle) return pace;
    if (pace !== undefined && !pace.isGivenUp) {
      const all = sum(pace.first ?? NOTHING, pace.rest);
      if (isSlower(all))
        tell("the evaluator's program took longer than the built-in evaluator would have", pace.cycle, all);
    }
    pace = { cycle, first: undefined, rest: NOTHING, isGivenUp: false };
    return pace;
  };
  const tell = (message: string, cycle: number, { theirs, ours }: Took): void =>
    log.warn(message, {
      cycle,
      code: "EVALUATOR_SLOW",
      programMs: Math.round(theirs),
      builtInMs: Math.round(ours),
      prevention: PREVENTION,
    });
  return {
    hasTime({ cycle, isLate }) {
      const now = of(cycle);
      if (!now.isGivenUp && isLate && isSlower(now.rest)) {
        now.isGivenUp = true;
        tell("the evaluator's program is not asked any more in this cycle", cycle, now.rest);
      }
      return !now.isGivenUp;
    },
    note(cycle, took) {
      const now = of(cycle);
      if (now.first === undefined) now.first = took;
      else now.rest = sum(now.rest, took);
    },
  };
};

const sum = (one: Took, other: Took): Took => ({ theirs: one.theirs + other.theirs, ours: one.ours + other.ours });

const isSlower = ({ theirs, ours }: Took): boolean => theirs > ours;
