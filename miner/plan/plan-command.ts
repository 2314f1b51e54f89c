import { type Flags, loadProgramConfig, programFlags } from "#shared/cli/config-flags.js";
import { positiveNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { participantSettings } from "#shared/config/common.js";
import { type Config, defineConfig } from "#shared/config/settings.js";
import type { Device } from "#shared/engine/device.js";
import { networkAhead } from "#shared/participant/agreement/network-ahead.js";
import type { Network } from "#shared/protocol/network.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { minerSettings, trainingSettings } from "../config.js";
import type { Measurement } from "./plan-measure.js";
import { describePlan } from "./plan-text.js";

const { chain_endpoint, netuid, network, allow_private_addresses } = participantSettings;

/** Of the miner's own settings those that are read, so that its file serves. */
const planSettings = defineConfig({
  chain_endpoint,
  netuid,
  network,
  allow_private_addresses,
  "log.level": participantSettings["log.level"],
  "log.format": participantSettings["log.format"],
  ...trainingSettings,
});

type PlanConfig = Config<typeof planSettings>;

interface Options {
  readonly blockTime: number;
  readonly measure?: boolean;
  readonly json?: boolean;
}

/** Subtensor's. */
const BLOCK_SECONDS = 12;

export const planCommand: CommandSpec = {
  name: "plan",
  description: "says what training a group takes: memory, disk, transfer, and with --measure how many steps fit",
  examples: [
    "blockzero-miner plan --config miner.yaml",
    "blockzero-miner plan --network network.yaml --expert_group math --batch_size 8 --measure",
    "blockzero-miner plan --config miner.yaml --json",
  ],
  define: (command) => {
    command
      .option("--block-time <seconds>", "seconds between the chain's blocks", positiveNumber, BLOCK_SECONDS)
      .option("--measure", "train a few steps of a shard of that size with random weights")
      .option("--json", "print JSON, in bytes and seconds");
    programFlags(command, planSettings, "a miner's YAML file, of which the settings below are read").action(
      async ({ blockTime: blockSeconds, measure, json, ...flags }: Options & Flags) => {
        const config = loadProgramConfig(planSettings, flags, minerSettings);
        const signal = shutdownSignal();
        const network = await networkAhead(config, { log: createLogger({ name: "miner", ...config.log }), signal });
        // Loaded only now, so that a wrong setting is told at once.
        const { planTraining } = await import("./plan.js");
        const opened = measure ? await openHere(config) : undefined;
        const plan = await planTraining(config, network, { blockSeconds, opened });
        const measured = opened && (await measureHere(config, network, opened, signal));
        console.log(json ? JSON.stringify({ ...plan, ...(measured && { measured }) }) : describePlan(plan, measured));
      },
    );
  },
};

const openHere = async (config: PlanConfig): Promise<Device> => {
  const { openDevice } = await import("#shared/engine/runtime/open-device.js");
  return openDevice({ ...config, log: createLogger({ name: "miner", ...config.log }) });
};

const measureHere = async (
  config: PlanConfig,
  network: Network,
  device: Device,
  signal: AbortSignal,
): Promise<Measurement> => {
  const { measureTraining } = await import("./plan-measure.js");
  return measureTraining(config, network, device, signal);
};
