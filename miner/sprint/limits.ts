import { profileOf } from "#shared/compute/profile/profile-of.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import { totalMemory } from "#shared/util/total-memory.js";
import type { Sprinter } from "./context.js";
import { isWithin } from "./hours.js";

/** Part of the machine's memory that a Sprint's network may take. */
const MEMORY_SHARE = 0.5;

/** What the operator's limits or the machine say against a Sprint now. Null if nothing. */
export const limitOf = ({ config }: Pick<Sprinter, "config">, sprint: Sprint): string | null => {
  if (config.compute.max_share === 0) return "compute.max_share is 0";
  if (!isWithin(config.compute.hours, Date.now())) return "it is outside of compute.hours";
  const bytes = 4 * profileOf(sprint).size(sprint.dials).parameters;
  const most = MEMORY_SHARE * totalMemory();
  return bytes > most ? `its network takes ${bytes} bytes, more than half of this machine's memory` : null;
};
