import { LiveView } from "#shared/telemetry/live-view.js";
import { bar, formatDuration } from "#shared/telemetry/progress.js";

const BAR_WIDTH = 28;

/**
 * Runs work with a line of progress.
 *
 * @param about said of it before
 * @param work  tells how much of all is done, 0–1, and what it is at; the first time once something was done
 */
export const shown = async <T>(
  what: string,
  about: string,
  work: (at: (share: number, detail: string) => void) => Promise<T>,
): Promise<T> => {
  const view = new LiveView({ terminal: process.stderr });
  let first: { readonly share: number; readonly time: number } | undefined;
  try {
    view.print(`${what}: ${about}`);
    return await work((share, detail) => {
      const time = performance.now();
      first ??= { share, time };
      const left = ((time - first.time) * (1 - share)) / (share - first.share);
      const rest = share > first.share && share < 1 ? `  ${formatDuration(left)} left` : "";
      const line = `${what}  ${bar(share, BAR_WIDTH)}  ${detail}${rest}`;
      view.update([line], line);
    });
  } finally {
    view.close();
  }
};
