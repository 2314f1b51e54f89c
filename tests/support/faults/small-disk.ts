import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A folder whose disk can be filled. */
export interface SmallDisk {
  /** Whether it is a disk of its own. Where this user may mount none, `fill` takes away the right to write instead. */
  readonly isMounted: boolean;
  /** From now on nothing more can be written. */
  fill(): void;
  free(): void;
  remove(): void;
}

const BALLAST = "ballast";

/** @param path the folder, which is made @param bytes of the whole disk */
export const openSmallDisk = (path: string, bytes: number): SmallDisk => {
  mkdirSync(path, { recursive: true });
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "tmpfs", path]);
  return status === 0 ? mountedDisk(path) : lockedFolder(path);
};

const mountedDisk = (path: string): SmallDisk => {
  const ballast = join(path, BALLAST);
  return {
    isMounted: true,
    fill: () => {
      const file = openSync(ballast, "w");
      // A page of the disk at the end, then what is left of the last one.
      for (const size of [1 << 16, 1 << 12, 1]) while (canWrite(file, size));
      closeSync(file);
    },
    free: () => rmSync(ballast, { force: true }),
    remove: () => {
      spawnSync("umount", ["--lazy", path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
};

const canWrite = (file: number, size: number): boolean => {
  try {
    return writeSync(file, Buffer.alloc(size)) === size;
  } catch {
    return false;
  }
};

const lockedFolder = (path: string): SmallDisk => {
  const folders = () => [
    path,
    ...readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ parentPath, name }) => join(parentPath, name)),
  ];
  return {
    isMounted: false,
    fill: () => {
      for (const folder of folders()) chmodSync(folder, 0o500);
    },
    free: () => {
      for (const folder of folders()) chmodSync(folder, 0o700);
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
};
