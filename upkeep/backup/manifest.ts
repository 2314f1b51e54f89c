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
      ({ path }) => !manifest.hotkeys.includes(path.split("/")[0]!) && path !== METRICS,
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

/** The one file beside the homes. */
export const METRICS = "metrics.jsonl";
