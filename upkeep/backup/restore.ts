import {
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { type HeldHome, holdHome } from "#shared/files/home-lock.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { syncFolderSync } from "#shared/files/sync-folder.js";
import { attempt, describeFile, foldersBelow } from "./backup.js";
import { copyFileDurably } from "./copy-file.js";
import { type BackupManifest, besideAs, FILES_FOLDER, MANIFEST_FILE, parseBackupManifest } from "./manifest.js";

const MAX_MANIFEST_BYTES = 64 << 20;

export interface RestoreOptions {
  /** The folder that `makeBackup` made. */
  readonly from: string;
  /** A program's `checkpoint_dir`, in which none of the backup's homes may exist. */
  readonly checkpointDir: string;
  /** Copies a file, and makes the folders that it needs. */
  readonly copy?: (from: string, to: string) => Promise<void>;
  /** Gives what was made to the user whose it is to be. As root to the owner of `checkpointDir`, where that is somebody else; nobody else can. */
  readonly give?: (path: string) => void;
}

/**
 * Brings a backup's homes to another place. Every file is held against its hash before anything is written, and a home appears whole or not
 * at all. Metrics and runs of Weights & Biases that are there stay.
 *
 * @throws BlockZeroError BACKUP_INVALID, HOME_IN_USE, RESTORE_OCCUPIED, FILE_UNWRITABLE
 */
export const restoreBackup = async ({
  from,
  checkpointDir,
  copy = copyFileDurably,
  give = giverTo(checkpointDir),
}: RestoreOptions): Promise<BackupManifest> => {
  const file = join(from, MANIFEST_FILE);
  const manifest = parseBackupManifest(new TextDecoder().decode(await readSmallFile(file, MAX_MANIFEST_BYTES)), file);
  for (const listed of manifest.files) await checkFile(join(from, FILES_FOLDER, listed.path), listed);
  const claimed: ClaimedHome[] = [];
  const parts: Part[] = [];
  try {
    for (const hotkey of manifest.hotkeys) claimed.push(claimHome(join(checkpointDir, hotkey)));
    parts.push(...partsOf(manifest, checkpointDir));
    await attempt(checkpointDir, async () => {
      for (const { name, paths, unfinished } of parts) {
        // What a restore that was cut short left, whose claim on the home is this one's now.
        rmSync(unfinished, { recursive: true, force: true });
        for (const path of paths) await copy(join(from, FILES_FOLDER, path), join(unfinished, path.slice(name.length)));
        syncFoldersOf(unfinished);
        for (const made of pathsFrom(unfinished)) give(made);
      }
    });
    for (const { held } of claimed) held.check();
    await attempt(checkpointDir, () => {
      for (const { held } of claimed) held.release();
      for (const { place, unfinished, isHome } of parts) {
        if (isHome) rmdirSync(place);
        const made = ensureFolderSync(dirname(place));
        if (made !== undefined) give(made);
        renameSync(unfinished, place);
        syncFolderSync(dirname(place));
      }
    });
    return manifest;
  } catch (thrown) {
    for (const { home, held, isNew } of claimed) {
      held.release();
      if (isNew) removeEmpty(home);
    }
    throw thrown;
  } finally {
    for (const { unfinished } of parts) rmSync(unfinished, { recursive: true, force: true });
  }
};

interface ClaimedHome {
  readonly home: string;
  readonly held: HeldHome;
  /** It was not there before. */
  readonly isNew: boolean;
}

/** @throws BlockZeroError HOME_IN_USE, RESTORE_OCCUPIED, FILE_UNWRITABLE */
const claimHome = (home: string): ClaimedHome => {
  const isNew = !existsSync(home);
  if (!isNew && isDisk(realpathSync(home)))
    throw new BlockZeroError(
      "RESTORE_OCCUPIED",
      `${home} is a disk of its own, which no home can take the place of`,
      "link it to a folder on that disk",
    );
  const held = holdHome(home);
  const there = readdirSync(home).find((name) => name !== "lock");
  if (there === undefined) return { home, held, isNew };
  held.release();
  throw new BlockZeroError(
    "RESTORE_OCCUPIED",
    `${home} holds ${there}: a home is only restored where there is none`,
    "move that home away, or restore into another checkpoint_dir",
  );
};

/** Whether another file system is mounted there than around it. */
const isDisk = (place: string): boolean => statSync(place).dev !== statSync(dirname(place)).dev;

/** A home, the metrics' file or the folder of a run: it appears as a whole. */
interface Part {
  readonly name: string;
  /** The backup's files of it. */
  readonly paths: readonly string[];
  /** Where it is to appear; a home may be a link to another disk. */
  readonly place: string;
  /** Where it is until then, on the same disk. */
  readonly unfinished: string;
  readonly isHome: boolean;
}

/** What is restored: all homes, and what lies beside them and is not there. */
const partsOf = ({ hotkeys, files }: BackupManifest, checkpointDir: string): readonly Part[] => {
  const paths = files.map(({ path }) => path);
  const beside = [...new Set(paths.map(besideAs))].filter((name) => name !== null);
  const missing = beside.filter((name) => !existsSync(join(checkpointDir, name)));
  return [
    ...missing.map((name) => ({
      name,
      paths: paths.filter((path) => besideAs(path) === name),
      place: join(checkpointDir, name),
      unfinished: join(checkpointDir, `.restore-${hotkeys[0]}-${name.replaceAll("/", "-")}`),
      isHome: false,
    })),
    ...hotkeys.map((hotkey) => {
      const place = realpathSync(join(checkpointDir, hotkey));
      return {
        name: hotkey,
        paths: paths.filter((path) => path.startsWith(`${hotkey}/`)),
        place,
        unfinished: join(dirname(place), `.restore-${hotkey}`),
        isHome: true,
      };
    }),
  ];
};

/** Whether root restores what its programs, which run as somebody else, could not write then. */
export const isRootsAlone = (checkpointDir: string): boolean =>
  process.getuid?.() === 0 && statSync(checkpointDir).uid === 0;

const giverTo = (checkpointDir: string): ((path: string) => void) => {
  const owner = statSync(checkpointDir, { throwIfNoEntry: false });
  if (process.getuid?.() !== 0 || owner === undefined || owner.uid === 0) return () => {};
  return (path) => lchownSync(path, owner.uid, owner.gid);
};

/** A file; or a folder with all that is below it. */
const pathsFrom = (part: string): readonly string[] =>
  lstatSync(part).isDirectory()
    ? foldersBelow(part).flatMap((folder) => [
        folder,
        ...readdirSync(folder, { withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ name }) => join(folder, name)),
      ])
    : [part];

/** Makes the names below a folder durable, of which a home without files has none. */
const syncFoldersOf = (part: string): void => {
  if (!existsSync(part)) mkdirSync(part);
  if (!lstatSync(part).isDirectory()) return;
  for (const folder of foldersBelow(part)) syncFolderSync(folder);
};

const removeEmpty = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody else has come there.
  }
};

const checkFile = async (path: string, listed: BackupManifest["files"][number]): Promise<void> => {
  const isFile = existsSync(path) && lstatSync(path).isFile();
  const found = isFile ? await describeFile(path) : undefined;
  if (found?.hash === listed.hash && found.bytes === listed.bytes) return;
  throw new BlockZeroError(
    "BACKUP_INVALID",
    `${path} ${isFile ? "is not what was backed up" : "is missing"}`,
    "take another copy of the backup; nothing was written",
  );
};
