import type { Checkers } from "#shared/duty/check-task.js";
import type { Sprinter } from "../sprint/context.js";

/** A miner that has duty. */
export interface DutyMember extends Pick<Sprinter, "participant" | "journal" | "metrics" | "arithmetic" | "gate"> {
  /** Takes the place of recomputing a Sprint's wins: for red teams. */
  readonly checkers?: Checkers;
}
