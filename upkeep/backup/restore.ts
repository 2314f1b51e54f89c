import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { lockHome } from "#shared/files/home-lock.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { attempt, describeFile } from "./backup.js";
import { type BackupManifest, besideAs, FILES_FOLDER, MANIFEST_FILE, parseBackupManifest } from "./manifest.js";

const MAX_MANIFEST_BYTES = 64 << 20;

export interface RestoreOptions {
  /** The folder that `makeBackup` made. */
  readonly from: string;
  /** A program's `checkpoint_dir`, in which none of the backup's homes may exist. */
  readonly checkpointDir: string;
}

/**
 * Brings a backup's homes to another place. Every file is held against its hash before anything is written. Metrics and runs of Weights & Biases that are there stay.
 *
 * @throws BlockZeroError BACKUP_INVALID, HOME_IN_USE, RESTORE_OCCUPIED, FILE_UNWRITABLE
 */
export const restoreBackup = async ({ from, checkpointDir }: RestoreOptions): Promise<BackupManifest> => {
  const file = join(from, MANIFEST_FILE);
  const manifest = parseBackupManifest(new TextDecoder().decode(await readSmallFile(file, MAX_MANIFEST_BYTES)), file);
  for (const listed of manifest.files) await checkFile(join(from, FILES_FOLDER, listed.path), listed);
  const opened: (() => void)[] = [];
  try {
    for (const hotkey of manifest.hotkeys) {
      const home = join(checkpointDir, hotkey);
      opened.push(lockHome(home));
      const [there] = readdirSync(home).filter((name) => name !== "lock");
      if (there !== undefined)
        throw new BlockZeroError(
          "RESTORE_OCCUPIED",
          `${home} holds ${there}: a home is only restored where there is none`,
          "move that home away, or restore into another checkpoint_dir",
        );
    }
    const beside = new Set(manifest.files.map(({ path }) => besideAs(path)).filter((part) => part !== null));
    const there = new Set([...beside].filter((part) => existsSync(join(checkpointDir, part))));
    for (const { path } of manifest.files) {
      const to = join(checkpointDir, path);
      if (there.has(besideAs(path) ?? "")) continue;
      await attempt(checkpointDir, () => {
        mkdirSync(dirname(to), { recursive: true });
        copyFileSync(join(from, FILES_FOLDER, path), to);
      });
    }
    return manifest;
  } finally {
    for (const release of opened) release();
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
