import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import { hashSchema } from "#shared/protocol/hash.js";
import { addressSchema } from "#shared/protocol/signing.js";

/** The file of a backup that lists the others. */
export const MANIFEST_FILE = "backup.json";
/** The folder of the others. */
export const FILES_FOLDER = "files";

const MAX_FILES = 100_000;

/** Parts without `.` and `..`, so that no name leads out of the folder. */
const pathSchema = z
  .string()
  .max(1024)
  .regex(/^(?!\.{1,2}(\/|$))[\w.-]+(\/(?!\.{1,2}(\/|$))[\w.-]+)*$/, "a path within a home");

/** Whether a backup can list a file under this name. */
export const isBackupPath = (path: string): boolean => pathSchema.safeParse(path).success;

const manifestSchema = z.strictObject({
  version: z.literal(1),
  /** Of the program that made it. */
  blockzero: z.string().max(64),
  made: z.iso.datetime(),
  /** Addresses of the hotkeys whose homes are in it. */
  hotkeys: z.array(addressSchema).min(1).max(1000),
  files: z.array(z.strictObject({ path: pathSchema, bytes: z.int().min(0), hash: hashSchema })).max(MAX_FILES),
});

export type BackupManifest = z.infer<typeof manifestSchema>;

/** @throws BlockZeroError BACKUP_INVALID */
export const parseBackupManifest = (text: string, origin: string): BackupManifest => {
  try {
    const manifest = manifestSchema.parse(JSON.parse(text));
    const outside = manifest.files.find(
      ({ path }) => !manifest.hotkeys.includes(path.split("/")[0]!) && !isBeside(path),
    );
    if (outside === undefined) return manifest;
    throw new Error(`${outside.path} is in no home of it`);
  } catch (cause) {
    throw new BlockZeroError(
      "BACKUP_INVALID",
      `${origin} is not a backup of this version`,
      "name the folder that blockzero backup made",
      {
        cause,
      },
    );
  }
};

/** The file of metrics beside the homes. */
export const METRICS = "metrics.jsonl";
/** The folder of Weights & Biases' runs beside the homes, and what stays of a run: what it is, and the rows that were not sent. */
export const RUNS = "wandb";
export const RUN_FILES: readonly string[] = ["history.jsonl", "run.json"];

/** Whether a file belongs to the program, and to no home. */
const isBeside = (path: string): boolean => {
  const [folder, run, name, ...more] = path.split("/");
  return (
    path === METRICS || (folder === RUNS && run !== undefined && more.length === 0 && RUN_FILES.includes(name ?? ""))
  );
};

/** What is restored as a whole, or not at all where it exists: the metrics' file, or the folder of a run. Null for a file of a home. */
export const besideAs = (path: string): string | null =>
  isBeside(path) ? path.split("/").slice(0, 2).join("/") : null;
