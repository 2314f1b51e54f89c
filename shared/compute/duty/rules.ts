import type { DutyRules } from "#shared/duty/rules.js";
import type { TaskKind } from "#shared/duty/task.js";
import { MILLION } from "#shared/util/fraction.js";

/**
 * How often a win is checked in a subnet: by one member on average, whatever its executor's reputation, and by everybody where less deters nobody. A
 * frequency by reputation would need the reputations of all Sprints before, which nobody who comes later can recompute.
 */
export const SUBNET_DUTY: DutyRules = { volumes: [[1, MILLION]], saving: 900_000 };

/** What members can check: the wins of Sprints. */
export const MEMBERS_CHECK: ReadonlySet<TaskKind> = new Set<TaskKind>(["sprint-win"]);

/** Units that a Sprint's settlement shares out. Nobody is paid in them: what a member keeps of its part is what counts. */
export const POT = 1_000_000_000n;
