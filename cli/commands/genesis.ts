import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { firstCycle } from "#owner/chain/epoch.js";
import { removeCheckpointLog } from "#owner/genesis/checkpoint-log.js";
import { checkpointFolder, FETCHED } from "#owner/genesis/checkpoint-source.js";
import { checkTokenizer } from "#owner/genesis/checkpoint-tokenizer.js";
import { factsOf } from "#owner/network/network-facts.js";
import { checkWorkable } from "#owner/network/network-limits.js";
import { type NetworkTemplate, networkText } from "#owner/network/network-template.js";
import { seedBeacon } from "#owner/network/seed-beacon.js";
import { paceOf } from "#owner/seal/seal-pace.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { connectChain } from "#shared/chain/connect.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { nonNegativeNumber, positiveNumber, wholeNumber } from "#shared/cli/numbers.js";
import { printFields } from "#shared/cli/print.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { checkVocabulary } from "#shared/data/vocabulary.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { SUBTENSOR_BLOCK_SECONDS } from "#shared/protocol/subtensor-pace.js";
import { checkRoom } from "../genesis/checkpoint-room.js";
import { type FirstModelOptions, imported, pretrained, upcycled } from "../genesis/first-model.js";
import {
  type CheckpointOptions,
  checkCheckpointOptions,
  checkpointOptions,
  templateOf,
} from "../genesis/template-of.js";
import { inHome } from "../in-home.js";
import { chainSettings } from "../settings.js";

interface Options extends FirstModelOptions, CheckpointOptions {
  readonly network: string;
  readonly out: string;
  readonly threads: number;
  readonly firstCycle?: number | "auto";
  readonly beacon?: string;
  readonly contributions?: boolean;
  readonly group?: boolean;
  readonly otherTokenizer: boolean;
  readonly json?: boolean;
}

export const genesis: CommandSpec = {
  name: "genesis",
  description: "make the model of cycle 0, pretrained or from a checkpoint, and write the network file that names it",
  examples: [
    "blockzero genesis --network configs/localnet/network.yaml --out genesis",
    "blockzero genesis --network my-network.yaml --out genesis --steps 2000 --first-cycle auto",
    "blockzero genesis --network my-network.yaml --out genesis --from hf://allenai/OLMoE-1B-7B-0924@main",
    "blockzero genesis --network my-network.yaml --out genesis --from SmolLM2-135M --experts 4 --steps 100",
  ],
  define: (command) => {
    addFlags(command, chainSettings)
      .requiredOption("--network <file>", "network template")
      .requiredOption("--out <dir>", "directory for network.yaml and the model's blobs")
      .option("--steps <n>", "steps of pretraining, with --experts of the routers' training", wholeNumber(1), 250)
      .option("--batch-size <n>", "sequences a step from each group", wholeNumber(1), 8)
      .option("--learning-rate <rate>", "AdamW's highest learning rate", positiveNumber, 3e-3)
      .option("--seed <n>", "seed of the weights and of the data's order", wholeNumber(0), 1)
      .option("--threads <n>", "processor threads; 0 takes all", wholeNumber(0, 1024), 0)
      .option("--first-cycle <n>", "first cycle that trains; auto asks the chain; unset: the template's", cycleOrAuto)
      .option(
        "--beacon <name>",
        "what makes evaluation seeds: quicknet, which subtensor follows, or the WebSocket URL of a devchain that plays one; unset: as the template says",
      )
      .option(
        "--contributions",
        "with --beacon: mix every seed with sealed contributions of miners and validators, timed for the phases",
      )
      .addOption(
        new Option(
          "--group",
          "with --beacon: mix every seed with the signature of a threshold group of validators",
        ).conflicts("contributions"),
      );
    checkpointOptions(
      command,
      "a checkpoint of Hugging Face transformers to begin with, instead of pretraining: a folder, or hf://owner/name@revision, fetched into --out",
      "make a model with so many experts of a dense checkpoint: all are copies, and the routers alone are trained",
    )
      .option(
        "--shard-margin <nats>",
        "how far a group's shard may differ from the whole model in loss on the group's text",
        nonNegativeNumber,
        SHARD_MARGIN,
      )
      .option(
        "--force",
        "go on where a shard differs by more, or routers send a group's text elsewhere; the shards of a checkpoint are then not measured",
        false,
      )
      .option("--other-tokenizer", "go on with another tokenizer than the checkpoint's", false)
      .option(...JSON_FLAG)
      .action(async (given: Options, own: Command) => {
        checkTogether(given, own);
        const { chain_endpoint: endpoint } = settingsAmong(chainSettings, given);
        const file = join(given.out, "network.yaml");
        await inHome(given.out, async (signal) => {
          if (existsSync(file))
            throw new BlockZeroError(
              "GENESIS_EXISTS",
              `${file} exists already`,
              "choose another --out, or remove that file if its network was never published",
            );
          const dir = await sourceOf(given, signal);
          const template = await checkedTemplate(given, dir);
          const options = { ...given, ...(dir !== undefined && { from: dir }) };
          await makeGenesis(options, { template, file, endpoint, signal });
        });
      });
  },
};

/** Nats; docs/shard-modes.md has the figures behind it. */
const SHARD_MARGIN = 0.1;

const TRAINING = ["steps", "batchSize", "learningRate", "seed"] as const;

/** A flag that would change nothing is refused. */
const checkTogether = (options: Options, command: Command): void => {
  checkCheckpointOptions(options, command);
  const { from, experts, otherTokenizer } = options;
  if (from === undefined && otherTokenizer) command.error("error: --other-tokenizer needs --from");
  const isGiven = (name: string) => command.getOptionValueSource(name) === "cli";
  const flag = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const unused = TRAINING.find(isGiven);
  if (from !== undefined && experts === undefined && unused !== undefined)
    command.error(`error: option '--from <source>' cannot be used with option '${flag(unused)}' without --experts`);
};

/** Where the checkpoint is, fetched if it has to be: its weights once all else says that the network can begin with it. */
const sourceOf = async (options: Options, signal: AbortSignal): Promise<string | undefined> => {
  const { from, experts, out } = options;
  if (from === undefined) return undefined;
  return checkpointFolder(from, out, {
    env: process.env,
    onFile: ({ path, size }) => process.stderr.write(`fetched ${path}, ${(size / 1e6).toFixed(1)} MB\n`),
    signal,
    beforeWeights: async (dir, weights, missing) => {
      const { model } = await checkedTemplate(options, dir);
      await checkRoom({ dir, weights, missing, model, isMade: experts !== undefined, blobs: join(out, "blobs") });
    },
  });
};

/** The template, with all that can be told of it without the model's weights. @param dir of the checkpoint, if it begins with one */
const checkedTemplate = async (options: Options, dir: string | undefined): Promise<NetworkTemplate> => {
  const template = await templateOf(options.network, dir, options);
  checkVocabulary(template);
  checkWorkable(template, factsOf(template, SUBTENSOR_BLOCK_SECONDS));
  if (dir === undefined) return template;
  if (!options.otherTokenizer) await checkTokenizer(dir, template.data.tokenizer);
  return template;
};

interface Context {
  readonly template: NetworkTemplate;
  readonly file: string;
  readonly endpoint: string | readonly string[];
  readonly signal: AbortSignal;
}

const makeGenesis = async (options: Options, { template, file, endpoint, signal }: Context): Promise<void> => {
  const askForCycle = async () =>
    options.firstCycle === "auto"
      ? nextCycle(endpoint, template, signal)
      : (options.firstCycle ?? template.first_cycle);
  // Asked now so that a chain that is away does not cost the model, and again for the cycle that is then next.
  await askForCycle();
  const mixed = options.contributions ? { contributions: template.phases } : options.group ? "group" : undefined;
  const beacon =
    options.beacon === undefined
      ? template.beacon
      : seedBeacon(await paceOf({ beacon: options.beacon }, signal), mixed);
  const store = directoryStore(join(options.out, "blobs"));
  const dated = async () => ({ ...template, ...(beacon && { beacon }), first_cycle: await askForCycle() });
  const making = { template, device: onnxCpu({ threads: options.threads }), store, home: options.out, dated, signal };
  const { from, experts } = options;
  const { made, facts, figures } = await (from === undefined
    ? pretrained(options, making)
    : experts === undefined
      ? imported(from, options, making)
      : upcycled({ dir: from, experts, perToken: options.expertsPerToken }, options, making));
  writeFileAtomic(file, networkText(made.network));
  removeCheckpointLog(options.out);
  const fetched = join(options.out, FETCHED);
  const spare = existsSync(fetched) ? fetched : null;
  if (options.json)
    return printJson({
      networkFile: file,
      networkHash: made.networkHash,
      modelHash: made.modelHash,
      firstCycle: made.network.first_cycle,
      seeds: made.network.beacon ? "beacon" : "block-hashes",
      ...figures,
      ...(spare !== null && { mayBeDeleted: spare }),
    });
  printFields({
    "network file": file,
    "network hash": made.networkHash,
    "model hash": made.modelHash,
    "first cycle": made.network.first_cycle,
    seeds: made.network.beacon ? "the beacon's pulses" : "block hashes, among which a producer can choose",
    ...facts,
    ...(spare !== null && { "may be deleted": `${spare}, which the blobs hold` }),
  });
};

const nextCycle = async (
  endpoint: Context["endpoint"],
  template: NetworkTemplate,
  signal: AbortSignal,
): Promise<number> => {
  const chain = await connectChain({ endpoint, signal });
  try {
    return firstCycle((await chain.head()).number, template);
  } finally {
    await chain.close();
  }
};

const cycleOrAuto = (text: string): number | "auto" => (text === "auto" ? text : wholeNumber(0)(text));
