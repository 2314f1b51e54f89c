import { formatBytes } from "#shared/util/format-bytes.js";
import { type Check, failure, ok } from "../check.js";

/** What takes less memory, by role. */
const LOWER = { miner: "lower batch_size or workers", validator: "lower evaluation.memory_gib" } as const;

/** What the program's work takes beside what there is. */
export const planCheck: Check = {
  name: "plan",
  deadlineMs: 60_000,
  needs: "network",
  run: async ({ role, requirements, network, machine, config: { checkpoint_dir } }) => {
    if (requirements === undefined) return ok("there is no plan for a program of your own");
    const { memory, disk } = await requirements(await network());
    const { available } = machine.memory();
    const free = await machine.freeSpace(checkpoint_dir);
    const says = `takes ${formatBytes(memory)} of memory and ${formatBytes(disk)} of disk`;
    if (memory > available)
      return failure(
        `${says}; only ${formatBytes(available)} of memory are available`,
        `${LOWER[role]}, or take a larger machine: blockzero-${role} plan has the parts`,
      );
    if (disk > free)
      return failure(`${says}; only ${formatBytes(free)} are free`, "free some, or lower checkpoint_keep_top_k");
    return ok(says);
  },
};
