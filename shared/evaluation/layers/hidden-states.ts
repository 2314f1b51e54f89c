import { mkdtemp, open, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { ensureFolder } from "#shared/files/ensure-folder.js";
import { freeSpace } from "#shared/files/free-space.js";
import { namesIn } from "#shared/files/names-in.js";
import { readAt } from "#shared/files/read-at.js";
import { writeAt } from "#shared/files/write-at.js";

/** Numbered arrays of equal length: the first ones in memory, the others in one file. */
export interface HiddenStates {
  /** The elements last written to a slot, which the caller does not change. */
  read(slot: number): Promise<Float32Array>;
  /** The elements must not change afterwards. */
  write(slot: number, data: Float32Array): Promise<void>;
  /** Deletes the file. */
  close(): Promise<void>;
}

export interface HiddenStatesOptions {
  readonly slots: number;
  /** Elements of a slot. */
  readonly length: number;
  /** Bytes that may be in memory. */
  readonly memory: number;
  /** Where the file is, if there is one. It is made where it is missing. */
  readonly folder: string;
  /** Removes a folder with what is in it, if it is there. */
  readonly remove?: (folder: string) => Promise<void>;
}

export interface StatesRoom extends Pick<HiddenStatesOptions, "length" | "memory" | "folder"> {
  /** Bytes that are free on the disk of a folder. Default: as the system says. */
  readonly free?: ((folder: string) => Promise<number>) | undefined;
}

/** Part of what is free on the disk that hidden states may take: what miners send meanwhile, and the next model, go there too. */
const DISK_SHARE = 1 / 2;

/** How many arrays there is room for, in memory and in a file. Without a limit where the disk does not say. */
export const slotsWithRoom = async ({ length, memory, folder, free = freeSpace }: StatesRoom): Promise<number> => {
  const onDisk = DISK_SHARE * (await free(folder).catch(() => Number.POSITIVE_INFINITY));
  const slotsIn = (bytes: number) => Math.floor(bytes / (4 * length));
  return slotsIn(memory) + slotsIn(onDisk);
};

const PREFIX = "hidden-";
const STATES = "states";
/** What `mkdtemp` makes of the prefix. */
const MADE = /^hidden-[A-Za-z0-9]{6}$/;

/**
 * Removes what passes of a program that was killed left in a folder, where the system keeps a name of an open file. What else is in the folder stays.
 */
export const removeHiddenStates = async (folder: string): Promise<void> => {
  for (const name of namesIn(folder).filter((name) => MADE.test(name))) {
    const left = join(folder, name);
    await rm(join(left, STATES), { force: true }).catch(() => undefined);
    // One in which anything else lies is somebody's own.
    await rmdir(left).catch(() => undefined);
  }
};

const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** Of `slots` arrays, as many as fit stay in memory. The file has no name while it is used on systems that allow it, so that no crash leaves it. */
export const openHiddenStates = async (options: HiddenStatesOptions): Promise<HiddenStates> => {
  const { slots, length, memory, folder, remove = removeFolder } = options;
  const bytes = 4 * length;
  const inMemory = Math.min(slots, Math.floor(memory / bytes));
  const held: (Float32Array | undefined)[] = [];
  if (inMemory === slots)
    return {
      read: async (slot) => held[slot]!,
      write: async (slot, data) => {
        held[slot] = data;
      },
      close: async () => {
        held.length = 0;
      },
    };

  await ensureFolder(folder);
  const own = await mkdtemp(join(folder, PREFIX));
  const file = await open(join(own, STATES), "wx+");
  // Windows and network file systems keep a name of an open file; there `close` removes the folder.
  await remove(own).catch(() => undefined);
  const place = (slot: number) => (slot - inMemory) * bytes;
  return {
    async read(slot) {
      if (slot < inMemory) return held[slot]!;
      const data = new Float32Array(length);
      const view = new Uint8Array(data.buffer);
      if ((await readAt(file, view, place(slot))) < bytes)
        throw new RangeError(`hidden state ${slot} was never written`);
      return data;
    },
    async write(slot, data) {
      if (slot < inMemory) {
        held[slot] = data;
        return;
      }
      const view = new Uint8Array(data.buffer, data.byteOffset, bytes);
      await writeAt(file, view, place(slot));
    },
    async close() {
      held.length = 0;
      await file.close();
      await remove(own);
    },
  };
};
