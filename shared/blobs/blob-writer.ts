import { createHash, randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { writeAt } from "#shared/files/write-at.js";

/** A blob that is written piece by piece, and has its name only once it is whole. */
export interface BlobWriter {
  /** One piece after another; its bytes must stay as they are until it resolves. */
  append(bytes: Uint8Array): Promise<void>;
  /** Hash and length of what was appended, once it is safely stored. */
  finish(): Promise<WrittenBlob>;
  /** Leaves nothing behind; after `finish` it does nothing. */
  discard(): Promise<void>;
}

export interface WrittenBlob {
  readonly hash: string;
  readonly bytes: number;
}

/** A blob that is in memory anyway. */
export const writeBlob = async (create: () => Promise<BlobWriter>, bytes: Uint8Array): Promise<WrittenBlob> => {
  const writer = await create();
  try {
    await writer.append(bytes);
    return await writer.finish();
  } finally {
    await writer.discard();
  }
};

export interface FileWriterOptions {
  /** Where it is while it is not whole; the name there is random. */
  readonly folder: string;
  /** Makes what the file system refuses a coded error. */
  readonly attempt: <T>(work: () => Promise<T>) => Promise<T>;
  /** Gives the whole and synced file the place that its hash says. */
  readonly keep: (path: string, hash: string) => Promise<void>;
}

/** So much is left to the disk at once, while more is written: the last sync then has little to wait for. */
const SYNC_BYTES = 8 << 20;

/** Hashes while it writes: a piece goes to the disk while it is hashed. */
export const openFileWriter = async ({ folder, attempt, keep }: FileWriterOptions): Promise<BlobWriter> => {
  const path = join(folder, randomUUID());
  const file = await open(path, "wx", 0o644);
  const digest = createHash("sha256");
  let length = 0;
  let isOpen = true;
  let begun = 0;
  let syncing: Promise<void> | null = null;
  let fault: unknown = null;
  const syncBehind = () => {
    begun = length;
    syncing = file
      .datasync()
      // A system tells a fault of the disk once: the last sync would not know of it.
      .catch((thrown: unknown) => {
        fault ??= thrown;
      })
      .finally(() => {
        syncing = null;
      });
  };
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    await file.close();
  };
  const discard = () =>
    attempt(async () => {
      await close();
      await rm(path, { force: true });
    });
  return {
    append: async (bytes) => {
      if (!isOpen) throw new BlockZeroError("STORE_FAILED", "a blob was finished before it was whole", "begin it anew");
      const written = attempt(() => writeAt(file, bytes, length));
      digest.update(bytes);
      await written;
      length += bytes.length;
      if (syncing === null && length - begun >= SYNC_BYTES) syncBehind();
    },
    finish: async () => {
      const hash = digest.digest("hex");
      try {
        await attempt(async () => {
          await syncing;
          if (fault !== null) throw fault;
          await file.sync();
          await close();
          await keep(path, hash);
        });
      } catch (thrown) {
        await discard();
        throw thrown;
      }
      return { hash, bytes: length };
    },
    discard,
  };
};
