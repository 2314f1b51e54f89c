import { type Dirent, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { hashOfSource } from "#shared/files/byte-source.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { type HeldHome, holdHome } from "#shared/files/home-lock.js";
import { openRegularFile } from "#shared/files/regular-file.js";
import { syncFolderSync } from "#shared/files/sync-folder.js";
import { addressSchema } from "#shared/protocol/signing.js";
import { copyFileDurably } from "./copy-file.js";
import {
  type BackupManifest,
  besideAs,
  FILES_FOLDER,
  isBackupPath,
  MANIFEST_FILE,
  METRICS,
  parseBackupManifest,
  RUNS,
} from "./manifest.js";
import { ownBlobs } from "./own-blobs.js";
import { isIrreplaceable, isLeftOut } from "./what-stays.js";

export interface BackupOptions {
  /** A program's `checkpoint_dir`: a home for each hotkey. */
  readonly checkpointDir: string;
  /** The folder to make. It must not exist. */
  readonly out: string;
  /** Of this program. */
  readonly version: string;
  readonly now: () => Date;
}

/**
 * Copies what cannot be made again: journals, intentions, receipts, secrets of streams, own updates and reports, metrics, runs of
 * Weights & Biases. Keys are not in a checkpoint_dir and so not in a backup. The homes are locked meanwhile.
 *
 * @throws BlockZeroError HOME_IN_USE while a program runs in a home; BACKUP_EMPTY, BACKUP_EXISTS, FILE_UNWRITABLE; BACKUP_INVALID for what could not
 * be restored, and for a link to what would be missing
 */
export const makeBackup = async ({ checkpointDir, out, version, now }: BackupOptions): Promise<BackupManifest> => {
  if (existsSync(out))
    throw new BlockZeroError("BACKUP_EXISTS", `${out} exists`, "name a folder that does not exist yet");
  const hotkeys = homesIn(checkpointDir);
  if (hotkeys.length === 0)
    throw new BlockZeroError(
      "BACKUP_EMPTY",
      `there is no hotkey's home in ${checkpointDir}`,
      "name a program's checkpoint_dir",
    );
  const opened: HeldHome[] = [];
  let unfinished: string | undefined;
  try {
    for (const hotkey of hotkeys) opened.push(holdHome(join(checkpointDir, hotkey)));
    const paths = await pathsOf(checkpointDir, hotkeys);
    const unnamable = paths.find((path) => !isBackupPath(path));
    if (unnamable !== undefined)
      throw new BlockZeroError(
        "BACKUP_INVALID",
        `a backup cannot hold the name of ${JSON.stringify(join(checkpointDir, unnamable))}`,
        "move the file out of the home",
      );
    // Under a name of its own, so that nothing that is there already is touched.
    const temporary = await attempt(out, () => {
      ensureFolderSync(dirname(out));
      return mkdtempSync(`${out}.`);
    });
    unfinished = temporary;
    const files: BackupManifest["files"] = [];
    for (const path of paths) {
      const to = join(temporary, FILES_FOLDER, path);
      await attempt(out, () => copyFileDurably(join(checkpointDir, path), to));
      files.push({ path, ...(await describeFile(to)) });
    }
    const manifest: BackupManifest = {
      version: 1,
      blockzero: version,
      made: now().toISOString(),
      hotkeys: [...hotkeys],
      files,
    };
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    // What a restore would refuse is no backup.
    parseBackupManifest(text, out);
    for (const held of opened) held.check();
    await attempt(out, () => {
      for (const folder of foldersBelow(temporary)) syncFolderSync(folder);
      writeFileAtomic(join(temporary, MANIFEST_FILE), text);
      renameSync(temporary, out);
      syncFolderSync(dirname(out));
    });
    return manifest;
  } finally {
    if (unfinished !== undefined) rmSync(unfinished, { recursive: true, force: true });
    for (const { release } of opened) release();
  }
};

/** Folders that bear a hotkey's address, and links to such on another disk. */
const homesIn = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => addressSchema.safeParse(name).success && isFolder(join(folder, name)))
        .sort()
    : [];

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const pathsOf = async (checkpointDir: string, hotkeys: readonly string[]): Promise<readonly string[]> => {
  const paths = existsSync(join(checkpointDir, METRICS)) ? [METRICS] : [];
  paths.push(...runFilesIn(checkpointDir));
  for (const hotkey of hotkeys) {
    const home = join(checkpointDir, hotkey);
    const files = filesBelow(home, isIrreplaceable, isLeftOut);
    const blobs = (await ownBlobs(home)).map((hash) => `blobs/${hash.slice(0, 2)}/${hash}`);
    paths.push(...[...files, ...blobs].sort().map((path) => `${hotkey}/${path}`));
  }
  return paths;
};

/** Files of Weights & Biases' runs. */
const runFilesIn = (checkpointDir: string): readonly string[] => {
  const folder = join(checkpointDir, RUNS);
  if (!existsSync(folder)) return [];
  return filesBelow(folder, (path) => besideAs(`${RUNS}/${path}`) !== null)
    .map((path) => `${RUNS}/${path}`)
    .sort();
};

/**
 * Files below a folder that are wanted, with `/`.
 *
 * @param isLeftOut whether nothing is wanted in folders of a name; those are not looked into
 * @throws BlockZeroError BACKUP_INVALID for a link to one, or to a folder with one: it would not be among them
 */
const filesBelow = (
  folder: string,
  isWanted: (path: string) => boolean,
  isLeftOut?: (name: string) => boolean,
): readonly string[] => {
  const found = entriesBelow(folder, folder, isLeftOut);
  for (const { path } of found.filter(({ entry }) => entry.isSymbolicLink())) {
    const link = join(folder, path);
    const held = isFolder(link) ? entriesBelow(link, folder, isLeftOut).map((inner) => inner.path) : [path];
    if (held.some(isWanted))
      throw new BlockZeroError(
        "BACKUP_INVALID",
        `${link} is a link: a backup would not hold what it leads to`,
        "put what it leads to in its place; a home as a whole may be a link, and so may its blobs",
      );
  }
  return found.filter(({ entry, path }) => entry.isFile() && isWanted(path)).map(({ path }) => path);
};

interface Entry {
  readonly entry: Dirent;
  readonly path: string;
}

/** What is below a folder, with paths relative to another one. Links are not followed, as Node's own recursive reading does from version 22 on. */
const entriesBelow = (
  folder: string,
  root: string,
  isLeftOut: (name: string) => boolean = () => false,
): readonly Entry[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const inner = join(folder, entry.name);
    if (isLeftOut(entry.name) && isFolder(inner)) return [];
    const own = { entry, path: relative(root, inner).replaceAll("\\", "/") };
    return entry.isDirectory() ? [own, ...entriesBelow(inner, root, isLeftOut)] : [own];
  });

/** A folder and all that are below it. */
export const foldersBelow = (folder: string): readonly string[] => [
  folder,
  ...entriesBelow(folder, folder)
    .filter(({ entry }) => entry.isDirectory())
    .map(({ path }) => join(folder, path)),
];

/** Length and SHA-256 of a file. @throws BlockZeroError FILE_UNREADABLE */
export const describeFile = async (path: string): Promise<{ readonly bytes: number; readonly hash: string }> => {
  const file = await openRegularFile(path);
  try {
    return { bytes: file.size, hash: await hashOfSource(file) };
  } finally {
    await file.close();
  }
};

/** @throws BlockZeroError FILE_UNWRITABLE */
export const attempt = async <T>(folder: string, work: () => T | Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw new BlockZeroError(
      "FILE_UNWRITABLE",
      `${folder} cannot be written: ${reasonOf(cause)}`,
      "free space there, or choose a folder that this user can write",
      { cause },
    );
  }
};
