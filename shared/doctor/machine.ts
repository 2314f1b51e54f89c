import { randomUUID } from "node:crypto";
import { open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { existingFolder, freeSpace } from "#shared/files/free-space.js";
import { totalMemory } from "#shared/util/total-memory.js";

/** What the checks ask of the machine. Tests pass their own. */
export interface Machine {
  /** Without the `v`. */
  readonly nodeVersion: string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Bytes: what the machine or the container has, and what of it a program can still get. */
  memory(): { readonly total: number; readonly available: number };
  /** The kernel's limits of this process, as `/proc/self/limits` has them. Null where the system does not give them. */
  limits(): Promise<string | null>;
  /** Options of Node that are in force, from the command line and the environment. */
  nodeOptions(): string;
  /** Bytes that can still be written to the disk of a folder, which need not exist yet. */
  freeSpace(folder: string): Promise<number>;
  /** Bytes of the files below a folder, of which links are not followed; 0 where there is none. */
  usedBelow(folder: string): Promise<number>;
  /** Bytes a second at which the disk of a folder takes a file. Throws what writing throws. */
  writeSpeed(folder: string): Promise<number>;
}

const PROBE_BYTES = 32 << 20;

export const thisMachine = (env: Readonly<Record<string, string | undefined>>): Machine => ({
  nodeVersion: process.versions.node,
  now: Date.now,
  memory: () => {
    const total = totalMemory();
    // Where /proc is not mounted Node reads 0.
    const available = process.availableMemory();
    return { total, available: available > 0 ? Math.min(total, available) : total };
  },
  limits: () => readFile("/proc/self/limits", "utf8").catch(() => null),
  nodeOptions: () => [...process.execArgv, env.NODE_OPTIONS ?? ""].join(" "),
  freeSpace,
  usedBelow,
  writeSpeed: async (folder) => {
    const path = join(await existingFolder(folder), `.${randomUUID()}.tmp`);
    const bytes = Buffer.alloc(PROBE_BYTES, 0x5a);
    const started = performance.now();
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
    return PROBE_BYTES / ((performance.now() - started) / 1000);
  },
});

const usedBelow = async (folder: string): Promise<number> => {
  let bytes = 0;
  // What is deleted meanwhile takes nothing.
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await usedBelow(path);
    else if (entry.isFile()) bytes += (await stat(path).catch(() => null))?.size ?? 0;
  }
  return bytes;
};
