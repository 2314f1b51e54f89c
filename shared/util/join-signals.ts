import { onAbort } from "./on-abort.js";

/**
 * Aborts a controller when one of the signals aborts, with that signal's reason.
 *
 * Stands for `AbortSignal.any`. On Node 20, each call of that leaves 60 to 90 bytes with a signal that lives on, and more than a kilobyte while the
 * joined signal has a listener; both stay as long as the signal lives, which is here as long as the program.
 *
 * @returns lets go of the signals, on which nothing is left then. An abort of one of them does the same.
 */
export const joinSignals = (
  controller: AbortController,
  ...signals: readonly (AbortSignal | null | undefined)[]
): (() => void) => {
  const ends: (() => void)[] = [];
  const release = () => {
    for (const end of ends.splice(0)) end();
  };
  for (const signal of signals) {
    if (!signal || controller.signal.aborted) continue;
    const aborted = () => {
      release();
      controller.abort(signal.reason);
    };
    ends.push(onAbort(signal, aborted));
  }
  if (controller.signal.aborted) release();
  return release;
};

/** Does work with a signal that aborts when one of the signals does, with its reason. When the work has settled, nothing is left on them. */
export const withSignals = async <T>(
  signals: readonly (AbortSignal | null | undefined)[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const joined = new AbortController();
  const release = joinSignals(joined, ...signals);
  try {
    return await work(joined.signal);
  } finally {
    release();
  }
};
