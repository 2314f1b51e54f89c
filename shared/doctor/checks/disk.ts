import { reasonOf } from "#shared/errors/error.js";
import { formatBytes } from "#shared/util/format-bytes.js";
import { type Check, failure, ok, warning } from "../check.js";
import type { Examined } from "../examined.js";

const LEAST = 500e6;
const LITTLE = 5e9;
/** Bytes a second. A slower disk takes minutes for a model of some gigabytes. */
const SLOW = 20e6;

/** The room on the disk alone: quick, and writes nothing. */
export const diskSpaceCheck: Check = {
  name: "disk",
  deadlineMs: 5_000,
  run: async (about) => spaceOf(about),
};

/** The room on the disk, and how fast it takes a file. */
export const diskCheck: Check = {
  name: "disk",
  deadlineMs: 30_000,
  run: async (about) => {
    const { config, machine } = about;
    const space = await spaceOf(about);
    if (space.verdict === "failure") return space;
    let speed: number;
    try {
      speed = await machine.writeSpeed(config.checkpoint_dir);
    } catch (thrown) {
      return failure(
        `${config.checkpoint_dir} cannot be written: ${reasonOf(thrown)}`,
        "make the folder writable, or choose another checkpoint_dir",
      );
    }
    const says = `${space.says}, takes ${formatBytes(speed)} a second`;
    if (speed < SLOW) return warning(says, "put checkpoint_dir on a faster disk: models and updates are written there");
    return { ...space, says };
  },
};

const spaceOf = async ({ config: { checkpoint_dir: folder }, machine }: Examined) => {
  let free: number;
  try {
    free = await machine.freeSpace(folder);
  } catch (thrown) {
    return failure(`the disk of ${folder} cannot be read: ${reasonOf(thrown)}`, "choose another checkpoint_dir");
  }
  const says = `${formatBytes(free)} free for ${folder}`;
  const remedy = "free some space, or choose another checkpoint_dir";
  if (free < LEAST) return failure(says, remedy);
  return free < LITTLE ? warning(says, remedy) : ok(says);
};
