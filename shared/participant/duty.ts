import { BlockZeroError } from "#shared/errors/error.js";
import { orAbort } from "#shared/util/deadline.js";
import type { Participant } from "./participant.js";

export interface DutyLimit {
  /** Its name, e.g. `the report of cycle 7`. */
  readonly name: string;
  /** The block at which it ends. */
  readonly until: number;
}

/**
 * Does a duty of a cycle with an outer limit: once the chain has reached the block, the duty ends, whatever it waits for itself. Then only
 * that duty fails, and the cycle continues.
 *
 * @param work gets a participant whose signal aborts when the duty is over
 * @throws BlockZeroError DUTY_OVERDUE; what `work` throws; the participant's own abort
 */
export const withinBlocks = async <P extends Pick<Participant, "clock" | "signal">, T>(
  participant: P,
  { name, until }: DutyLimit,
  work: (bounded: P) => Promise<T>,
): Promise<T> => {
  const { clock } = participant;
  const over = new AbortController();
  const done = new AbortController();
  const signal = AbortSignal.any([participant.signal, over.signal]);
  const overdue = () =>
    new BlockZeroError(
      "DUTY_OVERDUE",
      `${name} was not done at block ${until}`,
      "the log says what it waited for; it is left out, the next one is due in its time",
    );
  clock.reach(until, AbortSignal.any([participant.signal, done.signal])).then(
    () => over.abort(overdue()),
    () => {},
  );
  try {
    return await orAbort(work({ ...participant, signal }), signal);
  } finally {
    done.abort();
  }
};
