import { statfs } from "node:fs/promises";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";

/** Least time between two looks at the disk, in milliseconds. */
const EVERY_MS = 10_000;

/**
 * Shows the space on the disk of a folder whenever the figures are read.
 *
 * @param now milliseconds of a clock that nobody sets
 * @returns ends it
 */
export const observeDisk = (
  folder: string,
  instruments: Instruments,
  now: () => number = performance.now.bind(performance),
): (() => void) => {
  let looked = Number.NEGATIVE_INFINITY;
  const look = async () => {
    looked = now();
    try {
      const { bavail, blocks, bsize } = await statfs(folder);
      instruments.set("blockzero_disk_free_bytes", bavail * bsize);
      instruments.set("blockzero_disk_size_bytes", blocks * bsize);
    } catch {
      // The folder is gone, or its disk does not answer. The last figures stay.
    }
  };
  void look();
  return instruments.beforeReading(() => {
    if (now() - looked >= EVERY_MS) void look();
  });
};
