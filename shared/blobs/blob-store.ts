import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { ByteRange } from "#shared/files/byte-range.js";
import { type ByteSource, bytesOfSource, hashOfSource, withSource } from "#shared/files/byte-source.js";
import { openRegularFile } from "#shared/files/regular-file.js";
import { syncFolder } from "#shared/files/sync-folder.js";
import { isHash } from "#shared/protocol/hash.js";
import type { Log } from "#shared/telemetry/log.js";
import { type BlobWriter, openFileWriter, writeBlob } from "./blob-writer.js";
import { openPartialFile, type PartialFile } from "./partial-file.js";

/** Bytes by their SHA-256. What is put can be got, unchanged, until it is deleted. */
export interface BlobStore {
  has(hash: string): Promise<boolean>;
  /** Length in bytes, or null. */
  size(hash: string): Promise<number | null>;
  /** The bytes, verified, or null. */
  get(hash: string): Promise<Uint8Array | null>;
  /** The bytes, or some of them, as a stream, not verified: for handing to someone who will. Errors when the blob is not there. */
  stream(hash: string, range?: ByteRange): Readable;
  /** The hash of the bytes, once they are safely stored. */
  put(bytes: Uint8Array): Promise<string>;
  delete(hash: string): Promise<void>;
  /** Every hash, in no order. */
  list(): AsyncIterable<string>;
}

/** A store on this machine: its blobs may be larger than memory, and it also receives blobs from elsewhere. */
export interface LocalStore extends BlobStore {
  /** The blob, verified now and read when asked for, or null. Close it. */
  open(hash: string): Promise<ByteSource | null>;
  /** The file that holds a blob, for those that read by path; it is there once the blob is. */
  path(hash: string): string;
  /** Begins a blob whose hash is known when it is whole. */
  create(): Promise<BlobWriter>;
  /** A place for a blob that is being fetched, with what an earlier attempt left there. Close it. */
  receive(hash: string): Promise<PartialFile>;
  /** Removes what was received in part and not touched since the last call. */
  sweep(): Promise<void>;
}

/**
 * A store in a folder: `<dir>/ab/ab…` by hash, two levels. A name is only ever 64 hex digits, so nothing a stranger says becomes a
 * path. Files appear whole or not at all (temporary file, fsync, rename); one found damaged is removed, logged and reads as
 * missing, so that it is fetched again. One process at a time.
 *
 * Methods throw BlockZeroError STORE_FAILED when the file system refuses, HASH_INVALID for what is not a hash.
 */
export const directoryStore = (dir: string, log?: Pick<Log, "warn">): LocalStore => {
  const incoming = join(dir, "incoming");
  const receiving = new Set<string>();
  const touched = new Set<string>();
  const takeUp = async (): Promise<void> => {
    await removeBut(incoming, isHash);
    for (const name of await readdir(incoming)) touched.add(name);
  };
  let prepared: Promise<void> | null = null;
  /** Once, before the first write: what an earlier run left half-written goes, what it received in part can be gone on with. */
  const prepare = (): Promise<void> => {
    prepared ??= takeUp().catch((thrown) => {
      prepared = null;
      throw thrown;
    });
    return prepared;
  };

  const folderOf = (hash: string): string => {
    if (!isHash(hash))
      throw new BlockZeroError("HASH_INVALID", "not a hash: 64 lower-case hex digits", "check its source");
    return join(dir, hash.slice(0, 2));
  };
  const pathOf = (hash: string): string => join(folderOf(hash), hash);

  const size = async (hash: string): Promise<number | null> => {
    const path = pathOf(hash);
    const found = await attempt(dir, () => orNull(stat(path)));
    return found?.isFile() ? found.size : null;
  };

  /** Moves a whole file to where it belongs. */
  const settle = async (temporary: string, hash: string): Promise<void> => {
    await mkdir(folderOf(hash), { recursive: true });
    await rename(temporary, pathOf(hash));
    await syncFolder(folderOf(hash));
  };

  const openVerified = async (hash: string): Promise<ByteSource | null> => {
    const path = pathOf(hash);
    if ((await size(hash)) === null) return null;
    const file = await attempt(dir, () => openRegularFile(path));
    let isSound = false;
    try {
      isSound = (await attempt(dir, () => hashOfSource(file))) === hash;
    } finally {
      if (!isSound) await file.close();
    }
    if (isSound) return { ...file, hash };
    log?.warn("removed a damaged blob", { hash, bytes: file.size });
    await attempt(dir, () => rm(path, { force: true }));
    return null;
  };

  const create = (): Promise<BlobWriter> =>
    attempt(dir, async () => {
      await prepare();
      return openFileWriter({ folder: incoming, attempt: (work) => attempt(dir, work), keep: settle });
    });

  return {
    size,
    has: async (hash) => (await size(hash)) !== null,
    open: openVerified,
    path: pathOf,
    get: async (hash) => {
      const blob = await openVerified(hash);
      return blob && withSource(blob, bytesOfSource);
    },
    stream: (hash, range) =>
      // `end` is inclusive, so no bytes at all cannot be asked for: nor are they, since no range is empty.
      createReadStream(pathOf(hash), range && { start: range.start, end: range.end - 1 }),
    create,
    put: async (bytes) => (await writeBlob(create, bytes)).hash,
    delete: async (hash) => {
      const path = pathOf(hash);
      await attempt(dir, () => rm(path, { force: true }));
    },
    list: async function* () {
      for (const folder of (await attempt(dir, () => orNull(readdir(dir)))) ?? []) {
        if (!/^[0-9a-f]{2}$/.test(folder)) continue;
        for (const name of await attempt(dir, () => readdir(join(dir, folder)))) {
          if (isHash(name) && name.startsWith(folder)) yield name;
        }
      }
    },
    receive: async (hash) => {
      pathOf(hash);
      // Two who fetch the same blob at once must not write into one file.
      const name = receiving.has(hash) ? `${hash}.${randomUUID()}` : hash;
      const path = join(incoming, name);
      receiving.add(name);
      touched.add(name);
      const onClose = () => receiving.delete(name);
      try {
        return await attempt(dir, async () => {
          await prepare();
          const keep = () => settle(path, hash);
          return openPartialFile({ path, hash, attempt: (work) => attempt(dir, work), keep, onClose });
        });
      } catch (thrown) {
        onClose();
        throw thrown;
      }
    },
    sweep: () =>
      attempt(dir, async () => {
        await prepare();
        const isPartial = (name: string) => isHash(name.slice(0, 64));
        await removeBut(incoming, (name) => receiving.has(name) || touched.has(name) || !isPartial(name));
        touched.clear();
      }),
  };
};

const removeBut = async (folder: string, stays: (name: string) => boolean): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder))
    if (!stays(name)) await rm(join(folder, name), { recursive: true, force: true });
};

const orNull = async <T>(work: Promise<T>): Promise<T | null> => {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return null;
    throw thrown;
  }
};

const attempt = async <T>(dir: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw new BlockZeroError("STORE_FAILED", reasonOf(cause), `check the space and permissions of ${dir}`, { cause });
  }
};
