import { existsSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import { firstCycle } from "#owner/chain/epoch.js";
import { importCheckpoint } from "#owner/genesis/checkpoint-import.js";
import { storeGenesis, storeNetwork } from "#owner/genesis/genesis.js";
import { loadNetworkTemplate, type NetworkTemplate, networkText } from "#owner/network/network-template.js";
import { seedBeacon } from "#owner/network/seed-beacon.js";
import { paceOf } from "#owner/seal/seal-pace.js";
import { directoryStore, type LocalStore } from "#shared/blobs/blob-store.js";
import { connectChain } from "#shared/chain/connect.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { positiveNumber, wholeNumber } from "#shared/cli/numbers.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import type { Device } from "#shared/engine/device.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { lockHome } from "#shared/files/home-lock.js";
import { readCheckpointConfig } from "#shared/model/checkpoint-reader.js";
import { countParameters, type Parameters, parameterShapes } from "#shared/model/parameters.js";
import { LiveView } from "#shared/telemetry/live-view.js";
import { bar } from "#shared/telemetry/progress.js";
import { mapValues } from "#shared/training/objective.js";
import { pretrain } from "#shared/training/pretrain.js";
import { chainSettings } from "../settings.js";

interface Options {
  readonly network: string;
  readonly out: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly threads: number;
  readonly firstCycle?: number | "auto";
  readonly fromCheckpoint?: string;
  readonly beacon?: string;
  readonly json?: boolean;
}

const BAR_WIDTH = 28;

export const genesis: CommandSpec = {
  name: "genesis",
  description: "make the model of cycle 0, pretrained or from a checkpoint, and write the network file that names it",
  examples: [
    "blockzero genesis --network configs/localnet/network.yaml --out genesis",
    "blockzero genesis --network my-network.yaml --out genesis --steps 2000 --first-cycle auto",
    "blockzero genesis --network my-network.yaml --out genesis --from-checkpoint Qwen3-MoE",
  ],
  define: (command) => {
    addFlags(command, chainSettings)
      .requiredOption("--network <file>", "network template")
      .requiredOption("--out <dir>", "directory for network.yaml and the model's blobs")
      .option("--steps <n>", "pretraining steps", wholeNumber(1), 250)
      .option("--batch-size <n>", "sequences a step from each group", wholeNumber(1), 8)
      .option("--learning-rate <rate>", "AdamW's highest learning rate", positiveNumber, 3e-3)
      .option("--seed <n>", "seed of the weights and of the data's order", wholeNumber(0), 1)
      .option("--threads <n>", "processor threads; 0 takes all", wholeNumber(0, 1024), 0)
      .option("--first-cycle <n>", "first cycle that trains; auto asks the chain; unset: the template's", cycleOrAuto)
      .option(
        "--beacon <name>",
        "what makes evaluation seeds: quicknet, which subtensor follows, or the WebSocket URL of a devchain that plays one; unset: as the template says",
      )
      .addOption(
        new Option(
          "--from-checkpoint <dir>",
          "a Qwen3-MoE checkpoint of Hugging Face transformers to begin with, instead of pretraining",
        ).conflicts(["steps", "batchSize", "learningRate", "seed", "threads"]),
      )
      .option(...JSON_FLAG)
      .action(async (options: Options) => {
        const { chain_endpoint: endpoint } = settingsAmong(chainSettings, options);
        const { fromCheckpoint } = options;
        const checkpoint = fromCheckpoint === undefined ? undefined : await readCheckpointConfig(fromCheckpoint);
        const template = loadNetworkTemplate(options.network, checkpoint);
        const file = join(options.out, "network.yaml");
        const unlock = lockHome(options.out);
        try {
          if (existsSync(file))
            throw new BlockZeroError(
              "GENESIS_EXISTS",
              `${file} exists already`,
              "choose another --out, or remove that file if its network was never published",
            );
          await makeGenesis(options, { template, file, endpoint, signal: shutdownSignal() });
        } finally {
          unlock();
        }
      });
  },
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
  const beacon =
    options.beacon === undefined ? template.beacon : seedBeacon(await paceOf({ beacon: options.beacon }, signal));
  const store = directoryStore(join(options.out, "blobs"));
  const dated = async () => ({ ...template, ...(beacon && { beacon }), first_cycle: await askForCycle() });
  const { made, facts, figures } = await (options.fromCheckpoint === undefined
    ? pretrained(options, { template, store, dated, signal })
    : imported(options.fromCheckpoint, { template, store, dated, signal }));
  writeFileAtomic(file, networkText(made.network));
  if (options.json)
    return printJson({
      networkFile: file,
      networkHash: made.networkHash,
      modelHash: made.modelHash,
      firstCycle: made.network.first_cycle,
      seeds: made.network.beacon ? "beacon" : "block-hashes",
      ...figures,
    });
  printFields({
    "network file": file,
    "network hash": made.networkHash,
    "model hash": made.modelHash,
    "first cycle": made.network.first_cycle,
    seeds: made.network.beacon ? "the beacon's pulses" : "block hashes, among which a producer can choose",
    ...facts,
  });
};

interface Making extends Pick<Context, "template" | "signal"> {
  readonly store: LocalStore;
  /** The template with the first cycle as it is now. */
  readonly dated: () => Promise<NetworkTemplate>;
}

const pretrained = async (options: Options, { template, store, dated, signal }: Making) => {
  const device = onnxCpu({ threads: options.threads });
  const parameters = await pretrainShown(options, { template, device, signal });
  const losses = await lossesOf(device, template, parameters);
  const facts = Object.entries(losses).map(([group, { loss, bitsPerByte }]) => [
    `val_loss ${group}`,
    `${loss.toFixed(4)} nats, val_bpb ${bitsPerByte.toFixed(4)}`,
  ]);
  return {
    made: await storeGenesis(store, await dated(), parameters),
    facts: Object.fromEntries(facts),
    figures: {
      valLoss: mapValues(losses, ({ loss }) => loss),
      valBpb: mapValues(losses, ({ bitsPerByte }) => bitsPerByte),
    },
  };
};

const imported = async (dir: string, { template, store, dated, signal }: Making) => {
  const model = await importCheckpoint(store, template, dir, signal);
  const parameters = countParameters(parameterShapes(template.model));
  return {
    made: await storeNetwork(store, await dated(), model),
    facts: { checkpoint: dir, parameters: parameters.toLocaleString("en-US") },
    figures: { checkpoint: dir, parameters },
  };
};

const pretrainShown = async (
  { steps, batchSize, learningRate, seed }: Options,
  { template, device, signal }: Pick<Context, "template" | "signal"> & { readonly device: Device },
): Promise<Parameters> => {
  const view = new LiveView({ terminal: process.stderr });
  try {
    return await pretrain({
      network: template,
      device,
      seed: String(seed),
      steps,
      batchSize,
      learningRate,
      signal,
      onStep: (step, loss) => {
        const share = (step + 1) / steps;
        const line = `pretraining  ${bar(share, BAR_WIDTH)}  step ${step + 1}/${steps}  loss ${loss.toFixed(3)}`;
        view.update([line], line);
      },
    });
  } finally {
    view.close();
  }
};

const lossesOf = async (device: Device, template: NetworkTemplate, parameters: Parameters) => {
  const meter = await createLossMeter(device, template, { batchSize: template.scoring.eval_batch_size, parameters });
  try {
    return await heldOutLosses(meter, template, parameters);
  } finally {
    await meter.dispose();
  }
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
