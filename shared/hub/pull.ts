import { existsSync, readdirSync } from "node:fs";
import { open, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { ensureFolder } from "#shared/files/ensure-folder.js";
import { NEVER } from "#shared/util/never.js";
import { checkDiskRoom } from "./disk-room.js";
import { type HubOptions, type HubRepository, openHub } from "./hub.js";
import { formatHubAddress, type HubAddress } from "./hub-address.js";
import { digestOf, type HubFile } from "./hub-file.js";

export interface PullOptions extends HubOptions {
  /** Which files are wanted; all if not given. */
  readonly wants?: (path: string) => boolean;
  /** Told of every file that is whole. */
  readonly onFile?: (file: HubFile) => void;
  /**
   * Files that are fetched first, and what happens before the others: it is given the folder that they lie in, the others, and how many bytes of
   * these are missing. What it throws ends the pull; a later one goes on.
   */
  readonly first?: {
    readonly wants: (path: string) => boolean;
    readonly before: (dir: string, others: readonly HubFile[], missing: number) => Promise<void>;
  };
}

export interface Pulled {
  /** The commit that the files are of. */
  readonly commit: string;
  readonly files: readonly HubFile[];
  /** Files that were left out. */
  readonly skipped: readonly HubFile[];
}

/**
 * Fetches a repository's files into a new folder, each checked by the hash that the Hub lists. Until all are whole they lie in `<out>.partial`,
 * where a later call goes on, also after one that the signal ended.
 *
 * @throws BlockZeroError OUT_NOT_EMPTY, HUB_NOT_FOUND, HUB_FAILED, HUB_LISTING_INVALID, HUB_CONTENT_MISMATCH, HUB_TOO_LARGE,
 *         FETCH_REFUSED_ADDRESS, FILE_UNWRITABLE; the signal's reason, and what `first` throws
 */
export const pullFolder = async (
  address: HubAddress,
  out: string,
  { wants = () => true, onFile, first, ...hubOptions }: PullOptions,
): Promise<Pulled> => {
  if (existsSync(out) && readdirSync(out).length > 0)
    throw new BlockZeroError("OUT_NOT_EMPTY", `${out} is not empty`, "name a new directory with --out");
  const { signal = NEVER } = hubOptions;
  const hub = openHub(address, hubOptions);
  const wanted = address.revision ?? "main";
  const found = await hub.revision(wanted);
  if (found === null)
    throw new BlockZeroError(
      "HUB_NOT_FOUND",
      `the Hub shows no ${formatHubAddress(address, wanted)}`,
      "check the name and the revision; a private repository needs HF_TOKEN",
    );
  const { commit } = found;
  const listed = await hub.files(commit);
  const files = listed.filter(({ path }) => wants(path));
  const partial = `${out}.partial`;
  await writing(partial, () => removeAllBut(partial, files));
  await writing(partial, () => checkRoom(partial, files));
  const fetchAll = async (some: readonly HubFile[]) => {
    for (const file of some) {
      await writing(partial, () => fetchFile(hub, commit, file, { path: join(partial, file.path), signal }), signal);
      onFile?.(file);
    }
  };
  const [early, others] = [
    files.filter(({ path }) => first?.wants(path)),
    files.filter(({ path }) => !first?.wants(path)),
  ];
  await fetchAll(early);
  await first?.before(partial, others, await missingOf(partial, others));
  await fetchAll(others);
  await writing(out, async () => {
    if (existsSync(out)) await rmdir(out);
    await ensureFolder(partial);
    await rename(partial, out);
  });
  return { commit, files, skipped: listed.filter((file) => !files.includes(file)) };
};

/** Before anything is fetched: what is missing must fit onto the disk. */
const checkRoom = async (dir: string, files: readonly HubFile[]): Promise<void> => {
  await ensureFolder(dir);
  const missing = await missingOf(dir, files);
  await checkDiskRoom(dir, missing, `${missing} bytes are missing in ${dir}`);
};

/** Bytes of files that are not there yet. */
const missingOf = async (dir: string, files: readonly HubFile[]): Promise<number> => {
  let missing = 0;
  for (const { path, size } of files) {
    const found = await stat(join(dir, path)).catch(() => null);
    missing += Math.max(0, size - (found?.size ?? 0));
  }
  return missing;
};

/** Attempts at a file: what an earlier call left may be of another revision. */
const ATTEMPTS = 2;

/** Fetches what is missing of a file. */
const fetchFile = async (
  hub: HubRepository,
  commit: string,
  file: HubFile,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<void> => {
  await ensureFolder(dirname(path));
  const handle = await open(path, "a+", 0o644);
  try {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const hash = digestOf(file.digest, file.size);
      let length = (await handle.stat()).size;
      if (length > file.size) length = 0;
      await handle.truncate(length);
      for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) {
        signal.throwIfAborted();
        hash.update(chunk);
      }
      if (length < file.size || file.size === 0)
        for await (const piece of hub.download(file, commit, length)) {
          signal.throwIfAborted();
          await handle.appendFile(piece);
          hash.update(piece);
          length += piece.length;
        }
      if (length === file.size && hash.digest("hex") === file.digest.hex) {
        await handle.sync();
        return;
      }
      await handle.truncate(0);
    }
  } finally {
    await handle.close();
  }
  throw new BlockZeroError(
    "HUB_CONTENT_MISMATCH",
    `the Hub gives ${file.path} with other bytes than its list of files names`,
    "try again; take another repository where it stays so",
  );
};

/** What an earlier revision left. */
const removeAllBut = async (dir: string, files: readonly HubFile[]): Promise<void> => {
  if (!existsSync(dir)) return;
  const kept = new Set(files.map(({ path }) => path));
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const isKept = entry.isDirectory() || (entry.isFile() && kept.has(relative(dir, path).split(sep).join("/")));
    if (!isKept) await rm(path, { force: true });
  }
};

const writing = async <T>(path: string, work: () => Promise<T>, signal = NEVER): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof BlockZeroError || cause === signal.reason) throw cause;
    throw new BlockZeroError(
      "FILE_UNWRITABLE",
      `cannot write ${path}: ${reasonOf(cause)}`,
      "check permissions and free space",
      {
        cause,
      },
    );
  }
};
