import { KEEP_FEWER } from "#shared/participant/files/kept-cycles.js";
import { formatBytes } from "#shared/util/format-bytes.js";
import { type Check, failure, ok } from "../check.js";
import { roomOf } from "../disk-room.js";
import { homeOf } from "../examined.js";

/** What takes less memory, by role. */
const LOWER = { miner: "lower batch_size or workers", validator: "lower evaluation.memory_gib" } as const;

/** What the program's work takes beside what there is, of which its own files are a part. */
export const planCheck: Check = {
  name: "plan",
  deadlineMs: 60_000,
  needs: "network",
  run: async ({ role, requirements, network, machine, config }) => {
    if (requirements === undefined) return ok("there is no plan for a program of your own");
    const { memory, disk } = await requirements(await network());
    const { available } = machine.memory();
    const home = await homeOf(config);
    const { free, used } =
      home === null ? { free: await machine.freeSpace(config.checkpoint_dir), used: 0 } : await roomOf(machine, home);
    const says = `takes ${formatBytes(memory)} of memory and ${formatBytes(disk)} of disk`;
    if (memory > available)
      return failure(
        `${says}; only ${formatBytes(available)} of memory are available`,
        `${LOWER[role]}, or take a larger machine: blockzero-${role} plan has the parts`,
      );
    if (disk > free + used) {
      const beside = used > 0 ? `, beside ${formatBytes(used)} that it has` : "";
      return failure(`${says}; only ${formatBytes(free)} are free${beside}`, `free some, or ${KEEP_FEWER}`);
    }
    return ok(says);
  },
};
