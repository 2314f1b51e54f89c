import { createBlobClient } from "#shared/blobs/blob-client.js";
import { connectChain } from "#shared/chain/connect.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG } from "#shared/cli/json.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { loadNetwork } from "#shared/config/load-network.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { agreedNetwork, networkFrom } from "#shared/participant/agreement/agreed-network.js";
import { type PhasePosition, phaseAt } from "#shared/protocol/phases.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { networkSettings } from "../settings.js";

interface Options {
  readonly block?: number;
  readonly json?: boolean;
}

export const phase: CommandSpec = {
  name: "phase",
  description: "say where a subnet stands: cycle, phase, blocks left in it",
  examples: [
    "blockzero phase --netuid 1 --allow_private_addresses",
    "blockzero phase --block 551 --network genesis/network.yaml --json",
  ],
  define: (command) => {
    addFlags(command, networkSettings)
      .option("--block <n>", "this block rather than the chain's newest; needs --network and no chain", wholeNumber(0))
      .option(...JSON_FLAG)
      .action(async ({ block, json = false, ...options }: Options) => {
        const settings = settingsAmong(networkSettings, options);
        const at = block === undefined ? await newestBlock(settings) : givenBlock(block, settings.network);
        console.log(json ? JSON.stringify(at) : inWords(at));
      });
  },
};

type Position = Pick<PhasePosition, "cycle" | "phase" | "blocksLeft" | "end"> & { readonly block: number };

const givenBlock = (block: number, network: string | undefined): Position => {
  if (network === undefined)
    throw new BlockZeroError(
      "NETWORK_FILE_NEEDED",
      "--block says nothing without the network's phase lengths",
      "give the network file with --network, or leave --block out and the chain is asked",
    );
  return position(block, loadNetwork(network).phases);
};

const newestBlock = async (settings: ReturnType<typeof settingsAmong<typeof networkSettings>>): Promise<Position> => {
  const { chain_endpoint: endpoint, netuid, network: file, allow_private_addresses: allowPrivateAddresses } = settings;
  const signal = shutdownSignal();
  const chain = await connectChain({ endpoint, signal });
  const publishedFile = () => {
    const log = createLogger({ name: "phase", level: "warn", format: "pretty" });
    const client = createBlobClient({ allowPrivateAddresses, log });
    return agreedNetwork({ chain, netuid, fetch: networkFrom(client, signal) });
  };
  try {
    const { phases } = file === undefined ? await publishedFile() : loadNetwork(file);
    return position((await chain.head()).number, phases);
  } finally {
    await chain.close();
  }
};

const position = (block: number, phases: Parameters<typeof phaseAt>[1]): Position => {
  const { cycle, phase, blocksLeft, end } = phaseAt(block, phases);
  return { block, cycle, phase, blocksLeft, end };
};

const inWords = ({ block, cycle, phase, blocksLeft, end }: Position): string =>
  `block ${block}: cycle ${cycle}, ${phase}, ${blocksLeft} ${blocksLeft === 1 ? "block" : "blocks"} left (until block ${end})`;
