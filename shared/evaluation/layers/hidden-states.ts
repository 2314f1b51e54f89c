import { mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";

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
  /** Where the file is, if there is one. */
  readonly folder: string;
}

/** Of `slots` arrays, as many as fit stay in memory. The file has no name while it is used on systems that allow it, so that no crash leaves it. */
export const openHiddenStates = async (options: HiddenStatesOptions): Promise<HiddenStates> => {
  const { slots, length, memory, folder } = options;
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

  const own = await mkdtemp(join(folder, "hidden-"));
  const file = await open(join(own, "states"), "wx+");
  // Windows keeps the name of an open file; there `close` removes the folder.
  if (process.platform !== "win32") await rm(own, { recursive: true });
  const place = (slot: number) => (slot - inMemory) * bytes;
  const whole = async (slot: number, move: (at: number) => Promise<number>): Promise<void> => {
    for (let done = 0; done < bytes; ) {
      const moved = await move(done);
      if (moved === 0) throw new RangeError(`hidden state ${slot} was never written`);
      done += moved;
    }
  };
  return {
    async read(slot) {
      if (slot < inMemory) return held[slot]!;
      const data = new Float32Array(length);
      const view = new Uint8Array(data.buffer);
      await whole(slot, async (at) => (await file.read(view, at, bytes - at, place(slot) + at)).bytesRead);
      return data;
    },
    async write(slot, data) {
      if (slot < inMemory) {
        held[slot] = data;
        return;
      }
      const view = new Uint8Array(data.buffer, data.byteOffset, bytes);
      await whole(slot, async (at) => (await file.write(view, at, bytes - at, place(slot) + at)).bytesWritten);
    },
    async close() {
      held.length = 0;
      await file.close();
      await rm(own, { recursive: true, force: true });
    },
  };
};
