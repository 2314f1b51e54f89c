import { readFileSync } from "node:fs";
import { join } from "node:path";
import { namesIn } from "#shared/files/names-in.js";

/** What NVIDIA's driver says of itself. */
export interface Driver {
  /** For example 580.65.06; null where only its cards are known. */
  readonly version: string | null;
  /** Models of the cards. */
  readonly cards: readonly string[];
}

const FOLDER = "/proc/driver/nvidia";

/** Lowest driver for each version of CUDA: NVIDIA's CUDA compatibility guide, "minor version compatibility", Linux x86-64. */
const LEAST_DRIVER: Readonly<Record<number, string>> = { 11: "450.80.02", 12: "525.60.13", 13: "580.65.06" };

/**
 * The driver as its entries in /proc, or what `nvidia-smi` printed, tell; null without one.
 *
 * @param smi lines `name, driver version` of `nvidia-smi --query-gpu=name,driver_version --format=csv,noheader`; null where it cannot be run
 */
export const readDriver = (root: string, smi: string | null): Driver | null => {
  const listed = (smi ?? "")
    .split("\n")
    .map((line) => line.split(",").map((part) => part.trim()))
    .flatMap(([name, version]) => (name && version && VERSION.test(version) ? [{ name, version }] : []));
  const text = textOf(join(root, FOLDER, "version"));
  const version = VERSION.exec(text?.split("\n")[0] ?? "")?.[0] ?? listed[0]?.version ?? null;
  const models = namesIn(join(root, FOLDER, "gpus")).map(
    (name) => /^Model:\s*(.+)$/m.exec(textOf(join(root, FOLDER, "gpus", name, "information")) ?? "")?.[1] ?? name,
  );
  const cards = models.length > 0 ? models : listed.map(({ name }) => name);
  return text === null && version === null && cards.length === 0 ? null : { version, cards };
};

const VERSION = /\b\d{3}\.\d+(?:\.\d+)?\b/;

/** The lowest driver for a version of CUDA where a driver is older than that, else null. */
export const leastDriverAbove = (version: string, cuda: number): string | null => {
  const least = LEAST_DRIVER[cuda];
  if (least === undefined) return null;
  const [have, want] = [version, least].map((text) => text.split(".").map(Number)) as [number[], number[]];
  for (const [i, part] of want.entries()) if ((have[i] ?? 0) !== part) return (have[i] ?? 0) < part ? least : null;
  return null;
};

const textOf = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};
