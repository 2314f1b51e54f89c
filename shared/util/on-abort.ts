/** Who waits for a signal, and the one listener that tells all of them. */
interface Waiting {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls back once when the signal aborts, at once if it has. Many may wait for one signal at the same time, such as fetches of all miners' updates:
 * they share one listener, which Node does not take for a leak, and which is removed when nobody waits any more.
 *
 * @returns ends the wait
 */
export const onAbort = (signal: AbortSignal, callback: () => void): (() => void) => {
  if (signal.aborted) {
    callback();
    return () => {};
  }
  const here = waiting.get(signal) ?? begin(signal);
  // The same function may wait twice.
  const own = () => callback();
  here.callbacks.add(own);
  return () => {
    here.callbacks.delete(own);
    if (here.callbacks.size > 0 || waiting.get(signal) !== here) return;
    waiting.delete(signal);
    signal.removeEventListener("abort", here.listener);
  };
};

const begin = (signal: AbortSignal): Waiting => {
  const callbacks = new Set<() => void>();
  const listener = () => {
    waiting.delete(signal);
    for (const callback of callbacks) callback();
  };
  const here = { callbacks, listener };
  waiting.set(signal, here);
  signal.addEventListener("abort", listener, { once: true });
  return here;
};
