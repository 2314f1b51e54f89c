import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { isRootsAlone, restoreBackup } from "#upkeep/backup/restore.js";
import { fieldsOf } from "./backup.js";

interface Options {
  readonly from: string;
  readonly checkpointDir: string;
  readonly json?: boolean;
}

export const restore: CommandSpec = {
  name: "restore",
  description:
    "bring a backup's homes into a checkpoint_dir that has none of them. The program must run in one place only: a hotkey in two places contradicts itself",
  examples: ["blockzero restore --from backup-2026-11-28 --checkpoint-dir checkpoints"],
  define: (command) => {
    command
      .requiredOption("--from <dir>", "the folder that blockzero backup made")
      .option("--checkpoint-dir <dir>", "the program's checkpoint_dir", "./checkpoints")
      .option(...JSON_FLAG)
      .action(async ({ json = false, ...options }: Options) => {
        const manifest = await restoreBackup(options);
        if (isRootsAlone(options.checkpointDir))
          console.error(
            `${options.checkpointDir} is root's, and what was restored with it → where the program runs as another user: chown -R USER ${options.checkpointDir}`,
          );
        if (json) printJson({ checkpointDir: options.checkpointDir, ...manifest });
        else
          printFields({
            restored: options.checkpointDir,
            ...fieldsOf(manifest),
            next: "stop the program at its former place for good, bring the wallet here, start it",
          });
      });
  },
};
