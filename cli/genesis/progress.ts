import { LiveView } from "#shared/telemetry/live-view.js";
import { bar, formatDuration } from "#shared/telemetry/progress.js";

const BAR_WIDTH = 28;

/** Runs a training with a line of progress. @param train tells each step that is done, from 0 on, with a figure of it */
export const shownSteps = <T>(
  what: string,
  steps: number,
  train: (onStep: (step: number, figure: string) => void) => Promise<T>,
): Promise<T> =>
  shown(what, `${steps} steps; compiling the first takes a while`, (at) =>
    train((step, figure) => at((step + 1) / steps, `step ${step + 1}/${steps}  ${figure}`)),
  );

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
