import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { exportModel, type ModelExport } from "../model-export.js";
import { printFields } from "../print.js";

const exporting: CommandSpec = {
  name: "export",
  description: "write a model as a checkpoint that Hugging Face transformers reads, with a model card",
  examples: [
    "blockzero model export --out latest-model",
    "blockzero model export --home checkpoints --model 3f2a90c1d7be --out model",
  ],
  define: (command) => {
    command
      .option("--home <dir>", "a localnet's home, or a participant's checkpoint_dir", ".blockzero/localnet")
      .option("--model <hash>", "a model's hash or the beginning of one, or latest", "latest")
      .requiredOption("--out <dir>", "a new directory for the checkpoint")
      .action(async (options: ModelExport) => {
        const { hash, manifest, parameters } = await exportModel(options);
        printFields({
          model: hash,
          "made by": manifest.parent === null ? "genesis" : `cycle ${manifest.cycle}`,
          parameters: parameters.toLocaleString("en-US"),
          checkpoint: options.out,
        });
      });
  },
};

export const model: CommandGroup = {
  name: "model",
  description: "look after the subnet's models",
  commands: [exporting],
};
