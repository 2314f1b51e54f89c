import { onAbort } from "./on-abort.js";

/**
 * Settles as `work` does, or rejects with the signal's reason once it aborts. `work` need not settle at all: whoever waits for a stranger
 * waits here, so that no answer, library or socket decides how long. What an abandoned `work` comes to nobody hears of.
 */
export const orAbort = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const heard = onAbort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(heard);
  });

/** Milliseconds; after a longer time than this a timer is over at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Gives some work with a stranger so many milliseconds, by a timer of its own. The signal that the work gets tells it to stop; whether it
 * does makes no difference to who waits. It also aborts where the work fails: a connection may be open that nobody reads.
 *
 * @param milliseconds at most 24 days; of more, these
 * @param late what is thrown when the time is over
 */
export const withDeadline = async <T>(
  milliseconds: number,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(late()), Math.min(milliseconds, LONGEST_TIMER));
  try {
    return await orAbort(work(over.signal), over.signal);
  } catch (thrown) {
    over.abort(thrown);
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
};
