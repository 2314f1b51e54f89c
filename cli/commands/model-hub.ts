import { Option } from "commander";
import { pullModel } from "#inspect/model/model-pull.js";
import { pushModel } from "#inspect/model/model-push.js";
import { byteSize } from "#shared/cli/byte-size.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { HUB_FORM, parseHubAddress } from "#shared/hub/hub-address.js";
import { CHECKPOINT_DTYPES, type CheckpointDType } from "#shared/model/huggingface-config.js";

interface PushOptions {
  readonly home: string;
  readonly model: string;
  readonly dtype: CheckpointDType;
  readonly maxShardSize?: number;
  readonly scratch?: string;
  readonly private?: boolean;
  readonly json?: boolean;
}

export const push: CommandSpec = {
  name: "push",
  description:
    "put a model into a repository of the Hugging Face Hub, in one commit; the environment gives HF_TOKEN, and HF_ENDPOINT for another hub",
  examples: [
    "blockzero model push hf://somebody/our-model",
    "blockzero model push hf://somebody/our-model@cycle-7 --home checkpoints --model 3f2a90c1d7be --private",
    "blockzero model push hf://somebody/our-model --model folder-of-an-export",
  ],
  define: (command) => {
    command
      .argument("<address>", "hf://owner/name, or hf://owner/name@branch; made where it is not there")
      .option("--home <dir>", "a localnet's home, or a participant's checkpoint_dir", ".blockzero/localnet")
      .option(
        "--model <name>",
        "a folder in Hugging Face's layout; or a model's hash, its beginning, or latest",
        "latest",
      )
      .addOption(
        new Option("--dtype <name>", "precision of the weights of a model of the home")
          .choices(Object.keys(CHECKPOINT_DTYPES))
          .default("float32" satisfies CheckpointDType),
      )
      .addOption(
        new Option("--max-shard-size <size>", "size above which those weights are split; unset: 5GB").argParser(
          byteSize,
        ),
      )
      .option("--scratch <dir>", "where a model of the home is written to until it is sent; unset: --home")
      .option("--private", "make a new repository private, and refuse one that is public")
      .option(...JSON_FLAG)
      .action(
        async (
          address: string,
          { private: isPrivate = false, json = false, maxShardSize, ...options }: PushOptions,
        ) => {
          const pushed = await pushModel(
            {
              ...options,
              ...(maxShardSize !== undefined && { maxShardBytes: maxShardSize }),
              address: parseHubAddress(address),
              isPrivate,
              env: process.env,
              signal: shutdownSignal(),
              onExport: (folder) => console.error(`the model is written to ${folder} until it is sent`),
            },
            console.error,
          );
          if (json) printJson(pushed);
          else
            printFields({
              ...(pushed.model !== null && { model: pushed.model }),
              at: pushed.address,
              sent: pushed.sent.join(", ") || "nothing: the branch holds all of it",
              ...(pushed.removed.length > 0 && { removed: pushed.removed.join(", ") }),
            });
        },
      );
  },
};

interface PullOptions {
  readonly out: string;
  readonly json?: boolean;
}

export const pull: CommandSpec = {
  name: "pull",
  description:
    "fetch a model from the Hugging Face Hub into a new folder, each file checked by its hash; run again, it goes on where it stopped",
  examples: [
    "blockzero model pull hf://HuggingFaceTB/SmolLM2-135M-Instruct --out SmolLM2-135M-Instruct",
    "blockzero model pull hf://somebody/our-model@cycle-7 --out our-model",
  ],
  define: (command) => {
    command
      .argument("<address>", HUB_FORM.split(",")[0])
      .requiredOption("--out <dir>", "a new directory for the files")
      .option(...JSON_FLAG)
      .action(async (text: string, { out, json = false }: PullOptions) => {
        const address = parseHubAddress(text);
        const { commit, files, skipped } = await pullModel(address, out, {
          env: process.env,
          signal: shutdownSignal(),
          onFile: ({ path, size }) => console.error(`${path}: ${size.toLocaleString("en-US")} bytes`),
        });
        const bytes = files.reduce((sum, { size }) => sum + size, 0);
        if (json)
          printJson({
            commit,
            out,
            bytes,
            files: files.map(({ path }) => path),
            skipped: skipped.map(({ path }) => path),
          });
        else
          printFields({
            commit,
            folder: out,
            files: `${files.length}, of ${bytes.toLocaleString("en-US")} bytes`,
            ...(skipped.length > 0 && { "left out": skipped.map(({ path }) => path).join(", ") }),
          });
      });
  },
};
