import type { Economy } from "./economy.js";
import type { MinerKind } from "./population.js";

/** Who mines under which rules. */
export interface Scenario {
  readonly economy: Economy;
  readonly kinds: readonly MinerKind[];
}
