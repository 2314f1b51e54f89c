import type { Picture } from "../chart-data.js";
import type { Scenario } from "../scenario.js";

/** What the page starts from; it stands as JSON in its `#input`. */
export interface PageInput {
  readonly scenario: Scenario;
  readonly seed: number;
  /** The command's own run, which the page shows until a control moves. */
  readonly run: Picture;
  /** Cycles that the page simulates when a control moves. */
  readonly cycles: number;
}
