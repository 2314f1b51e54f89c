import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { ByteRange } from "#shared/files/byte-range.js";
import { type ByteSource, bytesOfSource, hashOfSource, PIECE_BYTES, withSource } from "#shared/files/byte-source.js";
import { ensureFolder } from "#shared/files/ensure-folder.js";
import { openRegularFile } from "#shared/files/regular-file.js";
import { syncFolder } from "#shared/files/sync-folder.js";
import { isHash } from "#shared/protocol/hash.js";
import type { Log } from "#shared/telemetry/log.js";
import { type BlobWriter, openFileWriter, writeBlob } from "./blob-writer.js";
import { openPartialFile, type PartialFile } from "./partial-file.js";

/** Bytes by their SHA-256. Stored bytes can be read, unchanged, until they are deleted. */
export interface BlobStore {
  has(hash: string): Promise<boolean>;
  /** Length in bytes, or null. */
  size(hash: string): Promise<number | null>;
  /** The bytes, verified, or null. */
  get(hash: string): Promise<Uint8Array | null>;
  /** The bytes, or some of them, as an unverified stream, for a receiver that verifies them. Errors if the blob does not exist. */
  stream(hash: string, range?: ByteRange): Readable;
  /** Resolves with the hash of the bytes, once they are safely stored. */
  put(bytes: Uint8Array): Promise<string>;
  /**
   * Stores a file whose bytes have this hash, as its owner has verified. The file may be larger than memory.
   *
   * @param over gives it up when it aborts: what has been stored of the file goes, then its reason is thrown
   */
  putFile(path: string, hash: string, over?: AbortSignal): Promise<void>;
  delete(hash: string): Promise<void>;
  /** Every hash, in no order. */
  list(): AsyncIterable<string>;
}

/** A store on this machine. Its blobs may be larger than memory. It can also receive blobs from elsewhere. */
export interface LocalStore extends BlobStore {
  /** The blob, verified now and read on request, or null. Close it. */
  open(hash: string): Promise<ByteSource | null>;
  /** The path of a blob's file, for readers that need a path. The file exists once the blob does. */
  path(hash: string): string;
  /** Starts writing a blob whose hash is known only at its end. */
  create(): Promise<BlobWriter>;
  /** A file for a blob that is being fetched, with the bytes of earlier attempts. Close it. */
  receive(hash: string): Promise<PartialFile>;
  /** Removes partly received blobs that nobody used since the last call. */
  sweep(): Promise<void>;
}

/**
 * A store in a folder: `<dir>/ab/ab…` by hash, two levels. A name is always 64 hex digits, so a stranger's text never becomes a path. Files appear
 * whole or not at all (temporary file, fsync, rename). A damaged file is removed, logged and reported as missing, so that it is fetched again. For
 * one process at a time, but for writing where it `isShared`: then others' unfinished files stay until nobody wrote to them for a day.
 *
 * Methods throw BlockZeroError STORE_FAILED when the file system refuses, HASH_INVALID for a text that is not a hash.
 */
export const directoryStore = (
  dir: string,
  log?: Pick<Log, "warn">,
  { isShared = false }: { readonly isShared?: boolean } = {},
): LocalStore => {
  const incoming = join(dir, "incoming");
  const receiving = new Set<string>();
  const touched = new Set<string>();
  const takeUp = async (): Promise<void> => {
    await removeBut(incoming, async (name) => isHash(name) || (isShared && !(await isOld(join(incoming, name)))));
    for (const name of await readdir(incoming)) touched.add(name);
  };
  let prepared: Promise<void> | null = null;
  /** Once, before the first write: deletes unfinished files of an earlier run, and keeps partly received blobs to be continued. */
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

  /** Moves a complete file to its place. */
  const settle = async (temporary: string, hash: string): Promise<void> => {
    await ensureFolder(folderOf(hash));
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

  const openPart = async (hash: string, name: string): Promise<Part> => {
    const path = join(incoming, name);
    receiving.add(name);
    touched.add(name);
    const onClose = () => receiving.delete(name);
    try {
      return await attempt(dir, async () => {
        await prepare();
        const keep = () => settle(path, hash);
        const file = await openPartialFile({ path, hash, attempt: (work) => attempt(dir, work), keep, onClose });
        return { path, file };
      });
    } catch (thrown) {
      onClose();
      throw thrown;
    }
  };

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
      // `end` is inclusive. An empty range could not be expressed, but ranges are never empty.
      createReadStream(pathOf(hash), range && { start: range.start, end: range.end - 1 }),
    create,
    put: async (bytes) => (await writeBlob(create, bytes)).hash,
    putFile: async (path, hash, over) => {
      const writer = await create();
      try {
        await attempt(dir, async () => {
          for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
            if (over?.aborted) return;
            await writer.append(piece);
          }
        });
        over?.throwIfAborted();
        const written = await writer.finish();
        if (written.hash === hash) return;
        throw new BlockZeroError("STORE_FAILED", `${path} has changed since it was verified`, "copy it again");
      } finally {
        await writer.discard();
      }
    },
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
      // Two concurrent fetches of the same blob must not write to the same file.
      const first = await openPart(hash, receiving.has(hash) ? `${hash}.${randomUUID()}` : hash);
      const besides: Part[] = [];
      return {
        ...first.file,
        beside: async () => {
          const part = await openPart(hash, `${hash}.${randomUUID()}`);
          besides.push(part);
          return part.file;
        },
        close: async () => {
          const longest = besides.reduce((best, one) => (one.file.length() > best.file.length() ? one : best), first);
          for (const { file } of [first, ...besides]) await file.close();
          await attempt(dir, async () => {
            if (longest !== first) await rename(longest.path, first.path).catch(unlessMissing);
            for (const { path } of besides) await rm(path, { force: true });
            if (besides.length > 0 && (await size(hash)) !== null) await rm(first.path, { force: true });
          });
        },
      };
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

/** A file of a blob that is being fetched. */
interface Part {
  readonly path: string;
  readonly file: PartialFile;
}

const removeBut = async (folder: string, stays: (name: string) => boolean | Promise<boolean>): Promise<void> => {
  await ensureFolder(folder);
  for (const name of await readdir(folder))
    if (!(await stays(name))) await rm(join(folder, name), { recursive: true, force: true });
};

/** Time without a write after which an unfinished file in a shared folder is nobody's any more. */
const OLD_MS = 24 * 3600 * 1000;

const isOld = async (path: string): Promise<boolean> => {
  const found = await orNull(stat(path));
  return found !== null && Date.now() - found.mtimeMs > OLD_MS;
};

const orNull = <T>(work: Promise<T>): Promise<T | null> => work.catch(unlessMissing);

const unlessMissing = (thrown: unknown): null => {
  if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return null;
  throw thrown;
};

const attempt = async <T>(dir: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw new BlockZeroError("STORE_FAILED", reasonOf(cause), `check the space and permissions of ${dir}`, { cause });
  }
};
