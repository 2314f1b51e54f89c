import { join } from "node:path";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { participantSettings } from "#shared/config/common.js";
import { addFlags } from "#shared/config/flags.js";
import { defineConfig } from "#shared/config/settings.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { redactText } from "#shared/telemetry/redact.js";
import { wandbApi } from "#shared/telemetry/wandb/api.js";
import { serviceFrom } from "#shared/telemetry/wandb/metrics-sink.js";
import { runFolders } from "#shared/telemetry/wandb/run-folders.js";
import { readRun } from "#shared/telemetry/wandb/run-journal.js";
import { runSender } from "#shared/telemetry/wandb/sender.js";

const settings = defineConfig({ checkpoint_dir: participantSettings.checkpoint_dir });

const sync: CommandSpec = {
  name: "sync",
  description: "send metrics that were kept for Weights & Biases, each run from where it stopped",
  examples: ["blockzero wandb sync --checkpoint_dir checkpoints"],
  define: (command) => {
    addFlags(command, settings)
      .option(...JSON_FLAG)
      .action(async ({ json = false, ...options }: { readonly json?: boolean }) => {
        const { checkpoint_dir } = settingsAmong(settings, options);
        const folders = [checkpoint_dir, join(checkpoint_dir, "dry-run")].flatMap(runFolders);
        if (folders.length === 0)
          throw new BlockZeroError(
            "WANDB_NOTHING_KEPT",
            `${checkpoint_dir} holds no metrics for Weights & Biases`,
            "name the checkpoint_dir of a program that ran with wandb: true",
          );
        const api = wandbApi(serviceFrom(process.env));
        const sent = [];
        for (const folder of folders) sent.push(await send(folder, api));
        if (json) printJson(sent);
        else for (const one of sent) printFields({ run: one.name, rows: one.rows, url: one.url });
      });
  },
};

const send = async (folder: string, api: ReturnType<typeof wandbApi>) => {
  const sender = runSender(api, folder);
  try {
    const { entity, project } = await sender.start();
    const rows = await sender.flush();
    await sender.finish();
    const { id, name } = readRun(folder)!;
    return { folder, name, rows, url: `${entity}/${project}/runs/${id}` };
  } catch (cause) {
    throw new BlockZeroError(
      "WANDB_UNREACHABLE",
      `Weights & Biases did not take ${folder}: ${redactText(reasonOf(cause))}`,
      "call it again later: what was taken is not sent twice",
      { cause },
    );
  }
};

export const wandb: CommandGroup = {
  name: "wandb",
  description: "metrics for Weights & Biases",
  commands: [sync],
};
