import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { addressSchema } from "#shared/protocol/signing.js";
import type { Machine } from "./machine.js";

/** Bytes for a program's files on a disk: what is free, and what they take there already. */
export interface DiskRoom {
  readonly free: number;
  readonly used: number;
}

/** @param home a hotkey's, which need not exist yet */
export const roomOf = async (machine: Pick<Machine, "freeSpace" | "usedBelow">, home: string): Promise<DiskRoom> => ({
  free: await machine.freeSpace(home),
  used: await machine.usedBelow(home),
});

/** The room for the home in a checkpoint_dir. Of several nobody says here whose it is: then none of them counts as used. */
export const roomIn = async (
  machine: Pick<Machine, "freeSpace" | "usedBelow">,
  checkpointDir: string,
): Promise<DiskRoom> => {
  const names = await readdir(checkpointDir).catch(() => []);
  const [home, ...others] = names.filter((name) => addressSchema.safeParse(name).success);
  if (home === undefined || others.length > 0) return { free: await machine.freeSpace(checkpointDir), used: 0 };
  return roomOf(machine, join(checkpointDir, home));
};
