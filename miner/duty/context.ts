import type { Checkers } from "#shared/duty/check-task.js";
import type { Drawn } from "#shared/settlement/do-duty.js";
import type { Sprinter } from "../sprint/context.js";

/** A miner that has duty. */
export interface DutyMember extends Pick<Sprinter, "participant" | "journal" | "metrics" | "arithmetic" | "gate"> {
  /** Takes the place of recomputing a Sprint's wins: for red teams. */
  readonly checkers?: Checkers;
  /** Cycle → the draws of its Sprint, from the duty document until the answers. Without it they are made for each. */
  readonly drawn?: Map<number, Drawn>;
}
