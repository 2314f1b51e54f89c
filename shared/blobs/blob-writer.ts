import { createHash, randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { type ByteSource, cut, PIECE_BYTES } from "#shared/files/byte-source.js";
import { writeAt } from "#shared/files/write-at.js";
import { updateHash } from "#shared/protocol/hash.js";

/** A blob that is written piece by piece. Its hash is known only at its end. */
export interface BlobWriter {
  /** Appends one piece after another. Its bytes must not change until this resolves. */
  append(bytes: Uint8Array): Promise<void>;
  /** Hash and length of the appended bytes, once they are safely stored. */
  finish(): Promise<WrittenBlob>;
  /** Deletes everything written. Does nothing after `finish`. */
  discard(): Promise<void>;
}

export interface WrittenBlob {
  readonly hash: string;
  readonly bytes: number;
}

/** Writes a blob that is already in memory. */
export const writeBlob = (create: () => Promise<BlobWriter>, bytes: Uint8Array): Promise<WrittenBlob> =>
  writing(create, (append) => append(bytes));

/** Writes a blob of another file's bytes, a piece at a time. */
export const copyBlob = (create: () => Promise<BlobWriter>, { size, fill }: ByteSource): Promise<WrittenBlob> =>
  writing(create, async (append) => {
    const memory = new Uint8Array(Math.min(PIECE_BYTES, size));
    for (const piece of cut(size, fill)) {
      const bytes = memory.subarray(0, piece.bytes);
      await piece.fill(bytes);
      await append(bytes);
    }
  });

const writing = async (
  create: () => Promise<BlobWriter>,
  write: (append: BlobWriter["append"]) => Promise<void>,
): Promise<WrittenBlob> => {
  const writer = await create();
  try {
    await write(writer.append);
    return await writer.finish();
  } finally {
    await writer.discard();
  }
};

export interface FileWriterOptions {
  /** Folder of the incomplete file, which has a random name. */
  readonly folder: string;
  /** Turns a refusal of the file system into a coded error. */
  readonly attempt: <T>(work: () => Promise<T>) => Promise<T>;
  /** Moves the complete, synced file to the place for its hash. */
  readonly keep: (path: string, hash: string) => Promise<void>;
}

/** Number of bytes after which a sync is started while more is written: the last sync then has little to wait for. */
const SYNC_BYTES = 8 << 20;

/** Writes and hashes at the same time. */
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
      // The operating system reports a fault of the disk only once, so the last sync would not report it.
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
      updateHash(digest, bytes);
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
