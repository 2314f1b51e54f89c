/** Seconds between two looks, and without a sign of life until it counts as silence. */
const LOOK_SECONDS = 15;
const SILENT_SECONDS = 120;

/**
 * Calls back at each look at which nothing was heard for two minutes, until the signal aborts.
 *
 * @returns to be called when something is heard
 */
export const listenForSilence = (onSilence: (seconds: number) => void, signal: AbortSignal): (() => void) => {
  let silent = 0;
  const looking = setInterval(() => {
    silent += LOOK_SECONDS;
    if (silent >= SILENT_SECONDS) onSilence(silent);
  }, LOOK_SECONDS * 1000).unref();
  signal.addEventListener("abort", () => clearInterval(looking), { once: true });
  return () => {
    silent = 0;
  };
};
