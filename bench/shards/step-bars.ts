import type { LiveView } from "#shared/telemetry/live-view.js";
import { bar } from "#shared/telemetry/progress.js";
import type { Watch } from "./base.js";

const BAR_WIDTH = 20;

/** Shows how far a training is. */
export const stepBars =
  (view: Pick<LiveView, "update">): NonNullable<Watch["onStep"]> =>
  (what, step, of) => {
    const line = `${what}  ${bar(step / of, BAR_WIDTH)}  step ${step}/${of}`;
    view.update([line], line);
  };
