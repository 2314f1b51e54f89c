import { remove, unneededFolders } from "#owner/trim.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { columns } from "#shared/cli/table.js";

export const trim: CommandSpec = {
  name: "trim",
  description:
    "delete from the installed packages what this machine never reads: other platforms' ONNX Runtime, other chains' metadata",
  examples: ["blockzero trim --dry-run", "blockzero trim"],
  define: (command) => {
    command
      .option("--dry-run", "say what would be deleted, and delete nothing")
      .option(...JSON_FLAG)
      .action(({ dryRun = false, json = false }: { readonly dryRun?: boolean; readonly json?: boolean }) => {
        const folders = unneededFolders();
        if (!dryRun) remove(folders);
        const bytes = folders.reduce((sum, folder) => sum + folder.bytes, 0);
        if (json) return printJson({ deleted: !dryRun, bytes, folders });
        for (const line of columns(folders.map(({ why, bytes, path }) => [why, megabytes(bytes), path])))
          console.log(line);
        console.log(`${dryRun ? "would free" : "freed"} ${megabytes(bytes)}`);
      });
  },
};

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
