import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { packageInfo } from "#shared/cli/package-info.js";
import { printFields } from "#shared/cli/print.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { formatBytes } from "#shared/util/format-bytes.js";
import { makeBackup } from "#upkeep/backup/backup.js";
import type { BackupManifest } from "#upkeep/backup/manifest.js";

interface Options {
  readonly checkpointDir: string;
  readonly out: string;
  readonly json?: boolean;
}

export const backup: CommandSpec = {
  name: "backup",
  description:
    "copy what a miner or validator cannot make again: journals, receipts, its own updates and reports, metrics. Keys are not in it: keep the wallet's mnemonic. Stop the program first",
  examples: ["blockzero backup --checkpoint-dir checkpoints --out backup-2026-11-28"],
  define: (command) => {
    command
      .option("--checkpoint-dir <dir>", "the program's checkpoint_dir", "./checkpoints")
      .requiredOption("--out <dir>", "the folder to make")
      .option(...JSON_FLAG)
      .action(async ({ json = false, ...options }: Options) => {
        const manifest = await makeBackup({ ...options, version: packageInfo.version, now: () => new Date() });
        if (json) printJson({ out: options.out, ...manifest });
        else
          printFields({
            backup: options.out,
            ...fieldsOf(manifest),
            keys: "not in it: they are in the wallet's folder",
          });
      });
  },
};

/** What a backup holds, in a few lines. */
export const fieldsOf = ({ hotkeys, files, made }: BackupManifest): Record<string, string> => ({
  hotkeys: hotkeys.join(", "),
  files: `${files.length}, ${formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0))}`,
  made,
});
