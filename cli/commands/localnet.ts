import { fileURLToPath } from "node:url";
import { Option } from "commander";
import type { LocalChainKind } from "#localnet/local-chain.js";
import { runLocalnet } from "#localnet/localnet.js";
import { readParticipantSettings } from "#localnet/participant-settings.js";
import type { Cheater } from "#localnet/roles.js";
import type { WeightsMode } from "#shared/chain/chain.js";
import { listenAddress } from "#shared/cli/listen-address.js";
import { positiveNumber, wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { SPRINT_PROFILES, type Sprint } from "#shared/protocol/sprint.js";
import type { ListenAddress } from "#shared/telemetry/listen-address.js";
import type { UpcycledCheckpoint } from "#shared/training/upcycle.js";

/** What a shell says of a program ended by Ctrl-C. */
const INTERRUPTED = 130;
const TEMPLATE = fileURLToPath(new URL("../../../configs/localnet/network.yaml", import.meta.url));

const MODES: readonly WeightsMode[] = ["plain", "hash", "timelock"];
const KINDS: readonly LocalChainKind[] = ["devchain", "subtensor"];

interface ModelOptions {
  readonly from?: string;
  readonly experts?: number;
  readonly expertsPerToken: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly maxSteps?: number;
}

interface Options extends ModelOptions {
  readonly cycles: number;
  readonly seed: number;
  readonly home: string;
  readonly json?: string | true;
  readonly keep?: boolean;
  readonly keepCycles: number;
  readonly cheater: Cheater | "none";
  readonly validators: number;
  readonly miners: number;
  readonly network: string;
  readonly genesisSteps: number;
  readonly settings?: string;
  readonly blockTime?: number;
  readonly weights: WeightsMode;
  readonly sealed?: boolean;
  readonly sprint?: boolean;
  readonly profile: Sprint["profile"];
  readonly confirmations?: boolean;
  readonly idle?: boolean;
  readonly beaconGroup?: boolean;
  readonly dashboard?: ListenAddress | boolean;
  readonly chain: LocalChainKind;
  readonly runtime?: string;
}

export const localnet: CommandSpec = {
  name: "localnet",
  description: "run a whole subnet on this machine: chain, two validators, four honest miners and a cheater",
  examples: [
    "blockzero localnet",
    "blockzero localnet --cycles 5 --cheater noise --json result.json",
    "blockzero localnet --chain subtensor --runtime node_subtensor_runtime.compact.compressed.wasm",
  ],
  define: (command) => {
    const cheater = new Option("--cheater <kind>", "how the miner after the honest ones cheats").choices([
      "copier",
      "noise",
      "lazy",
      "none",
    ]);
    const chain = new Option("--chain <kind>", "the embedded chain, or a real subtensor runtime").choices(KINDS);
    const weights = new Option("--weights <mode>", "how validators set weights: in the clear, or committed first")
      .choices(MODES)
      .default("plain");
    command
      .option("--cycles <n>", "cycles to run", wholeNumber(1), 3)
      .option("--seed <n>", "seed of keys, genesis model and data order", wholeNumber(0), 1)
      .option("--home <dir>", "directory for everything it writes", ".blockzero/localnet")
      .option("--json [file]", "write the result there; without a file, print it in the place of the tables")
      .option("--keep", "stay up after the last cycle")
      .option(
        "--keep-cycles <n>",
        "cycles whose files the participants keep for `blockzero audit` and `explain`; older ones are deleted",
        wholeNumber(1),
        64,
      )
      .addOption(cheater.default("copier"))
      .addOption(new Option("--network <file>", "network template").default(TEMPLATE, "configs/localnet/network.yaml"))
      .option("--validators <n>", "validators", wholeNumber(1, 2), 2)
      .option("--miners <n>", "honest miners of each group", wholeNumber(1), 2)
      .option("--genesis-steps <n>", "pretraining steps of the genesis model, or of its routers", wholeNumber(1), 250)
      .option(
        "--from <dir>",
        "a dense checkpoint to make the genesis model of, with --experts; the template says `from-checkpoint`",
      )
      .option("--experts <n>", "with --from: experts of each layer", wholeNumber(1))
      .option("--experts-per-token <n>", "with --from: how many a token is sent to", wholeNumber(1), 1)
      .option("--batch-size <n>", "sequences of a miner's step; unset: 8", wholeNumber(1))
      .option("--learning-rate <rate>", "of the miners; unset: 0.001", positiveNumber)
      .option("--max-steps <n>", "steps of a miner's cycle at most; unset: 100", wholeNumber(1))
      .option(
        "--settings <file>",
        "YAML: participants' settings by name, such as prose-1, or of `all`, beside the localnet's own",
      )
      .option("--block-time <ms>", "milliseconds between blocks; unset: 800, on subtensor 3000", wholeNumber(100))
      .addOption(weights)
      .option("--sealed", "evaluate groups with endless text on pages that nobody can read before")
      .option("--sprint", "miners prove what they can compute, each cycle; one of them claims more than it found")
      .addOption(
        new Option("--profile <name>", "with --sprint: its arithmetic").choices(SPRINT_PROFILES).default("exact"),
      )
      .option("--confirmations", "with --sprint: a Sprint in every second cycle, confirmed in the others")
      .option("--idle", "with --sprint: a Sprint in every second cycle, upheld by proofs of idle time in the others")
      .option(
        "--beacon-group",
        "with --sprint: a threshold group of the validators signs each cycle, from the sixth on",
      )
      .option(
        "--dashboard [address]",
        "serve the subnet's page there, or on a free port; unset: if standard error is a terminal",
        listenAddress,
      )
      .option("--no-dashboard", "serve no page")
      .addOption(chain.default("devchain"))
      .option("--runtime <file>", "with --chain subtensor: the runtime's WASM, from a subtensor release or build")
      .action(
        async ({
          json,
          keep = false,
          sealed = false,
          sprint = false,
          confirmations = false,
          idle = false,
          beaconGroup = false,
          dashboard,
          settings,
          network,
          chain,
          runtime,
          blockTime,
          ...options
        }: Options) => {
          const checkpoint = checkpointOf(options);
          const training = trainingOf(options);
          checkRuntime(chain, runtime);
          checkWeights(chain, options.weights);
          checkIdle(idle, options.profile);
          const signal = shutdownSignal();
          try {
            await runLocalnet({
              ...options,
              checkpoint,
              training,
              sealed,
              sprint,
              confirmations,
              idle,
              beaconGroup,
              dashboard: addressOf(dashboard),
              settings: settings === undefined ? {} : readParticipantSettings(settings),
              blockTime,
              runtime,
              template: network,
              keep,
              json,
              signal,
            });
          } catch (thrown) {
            if (!signal.aborted) throw thrown;
            console.error("stopped, with every process that it had started");
            process.exitCode = INTERRUPTED;
          }
        },
      );
  },
};

const addressOf = (asked: ListenAddress | boolean = process.stderr.isTTY): ListenAddress | null => {
  if (typeof asked === "object") return asked;
  return asked ? { host: "127.0.0.1", port: 0 } : null;
};

const checkpointOf = ({
  from: dir,
  experts,
  expertsPerToken: perToken,
}: ModelOptions): UpcycledCheckpoint | undefined => {
  if (dir === undefined && experts === undefined) return undefined;
  if (dir !== undefined && experts !== undefined) return { dir, experts, perToken };
  throw new BlockZeroError("USAGE", "--from and --experts go together", "give both, or neither");
};

const trainingOf = ({ batchSize, learningRate, maxSteps }: ModelOptions) => ({
  ...(batchSize !== undefined && { batch_size: batchSize }),
  ...(learningRate !== undefined && { learning_rate: learningRate }),
  ...(maxSteps !== undefined && { max_steps: maxSteps }),
});

const checkRuntime = (chain: LocalChainKind, runtime: string | undefined): void => {
  if ((chain === "subtensor") === (runtime !== undefined)) return;
  throw new BlockZeroError(
    "RUNTIME_NEEDED",
    runtime === undefined ? "--chain subtensor needs a runtime to run" : "--runtime says nothing to a devchain",
    "give both: --chain subtensor --runtime FILE, the WASM of a subtensor release or build",
  );
};

/** A proof of idle time lists wins. */
const checkIdle = (idle: boolean, profile: Sprint["profile"]): void => {
  if (idle && profile !== "exact")
    throw new BlockZeroError(
      "USAGE",
      `--idle with --profile ${profile}: idle time is proven in the profile exact`,
      "leave one out",
    );
};

/** A runtime decides itself how weights are committed, and those at hand know timelocks. */
const checkWeights = (chain: LocalChainKind, weights: WeightsMode): void => {
  if (chain === "devchain" || weights !== "hash") return;
  throw new BlockZeroError(
    "WEIGHTS_MODE_UNAVAILABLE",
    "--weights hash with --chain subtensor: a runtime that has timelocks takes those",
    "give --weights timelock, or leave --chain out",
  );
};
