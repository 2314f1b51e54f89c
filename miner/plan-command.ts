import { createBlobClient } from "#shared/artifact/blob-client.js";
import { connectChain } from "#shared/chain/connect.js";
import { type Flags, loadProgramConfig, programFlags } from "#shared/cli/config-flags.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { loadNetwork } from "#shared/config/load-network.js";
import { BlockZeroError } from "#shared/errors.js";
import { checkGroups } from "#shared/model/groups.js";
import { agreedNetwork } from "#shared/participant/agreed-network.js";
import type { Network } from "#shared/protocol/network.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { type MinerConfig, minerSettings } from "./config.js";
import type { Measurement } from "./plan-measure.js";
import { describePlan } from "./plan-text.js";

/** Subtensor's. */
const BLOCK_SECONDS = "12";

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
      .option("--block-time <seconds>", "seconds between the chain's blocks", BLOCK_SECONDS)
      .option("--measure", "train a few steps of a shard of that size with random weights")
      .option("--json", "print JSON, in bytes and seconds");
    programFlags(command, minerSettings).action(async ({ blockTime, measure, json, ...flags }: Flags) => {
      const config = loadProgramConfig(minerSettings, flags);
      const blockSeconds = positive(blockTime);
      const network = await networkOf(config);
      // Loaded only now, so that a wrong setting is told at once.
      const { planTraining } = await import("./plan.js");
      const plan = await planTraining(config, network, { blockSeconds });
      const measured = measure === true ? await measureHere(config, network) : undefined;
      console.log(
        json === true ? JSON.stringify({ ...plan, ...(measured && { measured }) }) : describePlan(plan, measured),
      );
    });
  },
};

const positive = (text: string | boolean | undefined): number => {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new BlockZeroError("USAGE", `--block-time ${text} is no time`, "give a number of seconds above 0");
};

/** The file, where there is one; else what the subnet's owner published. */
const networkOf = async (config: MinerConfig): Promise<Network> => {
  if (config.network !== undefined) {
    const network = loadNetwork(config.network);
    checkGroups(network);
    return network;
  }
  const signal = shutdownSignal();
  const log = createLogger({ name: "miner", ...config.log });
  const chain = await connectChain({ endpoint: config.chain_endpoint, log, signal });
  try {
    const client = createBlobClient({ allowPrivateAddresses: config.allow_private_addresses, log });
    return await agreedNetwork({
      chain,
      netuid: config.netuid,
      fetch: (file) => client.fetchBlob({ ...file, signal }),
    });
  } finally {
    await chain.close();
  }
};

const measureHere = async (config: MinerConfig, network: Network): Promise<Measurement> => {
  const { openDevice } = await import("#shared/engine/runtime/open-device.js");
  const { measureTraining } = await import("./plan-measure.js");
  const log = createLogger({ name: "miner", ...config.log });
  return measureTraining(config, network, await openDevice({ ...config, log }));
};
