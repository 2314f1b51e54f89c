import { InvalidArgumentError, Option } from "commander";
import { exportModel, type ModelExport } from "#inspect/model/model-export.js";
import { byteSize } from "#shared/cli/byte-size.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandGroup, type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { CHECKPOINT_DTYPES, type CheckpointDType } from "#shared/model/huggingface-config.js";
import { pull, push } from "./model-hub.js";
import { log } from "./model-log.js";

interface ExportOptions extends Omit<ModelExport, "datasets"> {
  readonly maxShardSize?: number;
  readonly dataset?: readonly string[];
  readonly json?: boolean;
}

/** A newer model or an ancestor may be among the files that are damaged. */
const INCOMPLETE = 1;

const exporting: CommandSpec = {
  name: "export",
  description: "write a model as a checkpoint that Hugging Face transformers reads, with tokenizer and model card",
  examples: [
    "blockzero model export --out latest-model",
    "blockzero model export --home checkpoints --model 3f2a90c1d7be --out model",
    "blockzero model export --out half-the-size --dtype bfloat16 --max-shard-size 2GB",
    "blockzero model export --out for-the-hub --base-model owner/name --license apache-2.0 --dataset owner/texts",
  ],
  define: (command) => {
    command
      .option("--home <dir>", "a localnet's home, or a participant's checkpoint_dir", ".blockzero/localnet")
      .option("--model <hash>", "a model's hash or the beginning of one, or latest", "latest")
      .requiredOption("--out <dir>", "a new directory for the checkpoint")
      .addOption(
        new Option("--dtype <name>", "precision of the weights")
          .choices(Object.keys(CHECKPOINT_DTYPES))
          .default("float32" satisfies CheckpointDType),
      )
      .addOption(
        new Option(
          "--max-shard-size <size>",
          "size above which the weights are split into several files; unset: 5GB",
        ).argParser(byteSize),
      )
      .option("--base-model <id>", "for the card: the model of the Hub that this one was made of", repositoryId)
      .option("--license <id>", "for the card: the weights' licence, e.g. apache-2.0", licenseId)
      .option(
        "--dataset <id>",
        "for the card: a data set of the Hub that it learnt from; once or more",
        (id: string, others: readonly string[] = []) => [...others, repositoryId(id)],
      )
      .option(...JSON_FLAG)
      .action(async ({ maxShardSize, dataset, json = false, ...options }: ExportOptions) => {
        const { hash, manifest, parameters, lost } = await exportModel(
          {
            ...options,
            ...(maxShardSize !== undefined && { maxShardBytes: maxShardSize }),
            ...(dataset && { datasets: dataset }),
            signal: shutdownSignal(),
          },
          console.error,
        );
        const { cycle, parent } = manifest;
        if (json) printJson({ model: hash, cycle, parent, parameters, checkpoint: options.out, lost: [...lost] });
        else
          printFields({
            model: hash,
            "made by": parent === null ? "genesis" : `cycle ${cycle}`,
            parameters: parameters.toLocaleString("en-US"),
            checkpoint: options.out,
          });
        if (lost.size > 0) process.exitCode = INCOMPLETE;
      });
  },
};

/** A parser of what the Hub takes for an identifier. */
const identifier =
  (form: RegExp, problem: string) =>
  (text: string): string => {
    if (form.test(text)) return text;
    throw new InvalidArgumentError(problem);
  };

const repositoryId = identifier(/^[\w.-]{1,96}\/[\w.-]{1,96}$/, "It must be owner/name.");
const licenseId = identifier(/^[a-z0-9][a-z0-9.-]{0,63}$/, "It must be an identifier such as apache-2.0.");

export const model: CommandGroup = {
  name: "model",
  description: "look after the subnet's models",
  commands: [log, exporting, push, pull],
};
