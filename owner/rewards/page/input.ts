import type { Scenario } from "../scenario.js";

/** What the page starts from; it stands as JSON in its `#input`. */
export interface PageInput {
  readonly scenario: Scenario;
  readonly cycles: number;
  readonly seed: number;
}
