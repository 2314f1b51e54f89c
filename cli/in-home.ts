import { shutdownSignal } from "#shared/cli/program.js";
import { lockHome } from "#shared/files/home-lock.js";
import { withSignals } from "#shared/util/join-signals.js";

/**
 * Does a command's work in a folder that is claimed for it. The signal aborts when the command is stopped, and when another process took the
 * folder over.
 *
 * @throws BlockZeroError HOME_IN_USE, FILE_UNWRITABLE, and what the work throws
 */
export const inHome = async <T>(home: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const lost = new AbortController();
  const unlock = lockHome(home, (error) => lost.abort(error));
  try {
    const done = await withSignals([shutdownSignal(), lost.signal], work);
    lost.signal.throwIfAborted();
    return done;
  } catch (thrown) {
    // What fails then fails because everything stops.
    throw lost.signal.aborted ? lost.signal.reason : thrown;
  } finally {
    unlock();
  }
};
