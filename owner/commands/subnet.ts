import { type Chain, ChainRejected, connectDevChain } from "#shared/chain/index.js";
import { keyFolderOf } from "#shared/chain/key-claim.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { type CommandGroup, type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { defineConfig } from "#shared/config/settings.js";
import { BlockZeroError } from "#shared/errors.js";
import { loadHotkey } from "#shared/wallet/index.js";
import { sudoCalls } from "../development.js";
import { subnetParameters } from "../epoch.js";
import { loadNetworkTemplate } from "../network-template.js";
import { printFields } from "../print.js";
import { subnetSettings, walletSettings } from "../settings.js";

const settings = defineConfig({ ...subnetSettings, ...walletSettings });

interface Options {
  readonly network: string;
  readonly tempo?: number;
}

const create: CommandSpec = {
  name: "create",
  description: "create a subnet on a devchain through its sudo key, owned by the wallet's hotkey",
  examples: [
    "blockzero subnet create --network configs/localnet/network.yaml --wallet.name main --wallet.hotkey owner",
  ],
  define: (command) => {
    addFlags(command, settings)
      .requiredOption("--network <file>", "network template or file whose cycle the subnet's epochs follow")
      .option("--tempo <n>", "blocks between epochs, less one; unset: one epoch a cycle", wholeNumber(1, 65535))
      .action(async (options: Options) => {
        const { chain_endpoint: endpoint, netuid, wallet } = settingsAmong(settings, options);
        const template = loadNetworkTemplate(options.network);
        if (template.netuid !== netuid)
          throw new BlockZeroError(
            "NETUID_MISMATCH",
            `${options.network} is for subnet ${template.netuid}, not ${netuid}`,
            `give --netuid ${template.netuid}, or correct the template`,
          );
        const parameters = subnetParameters(template);
        const hyperParameters = { ...parameters, tempo: options.tempo ?? parameters.tempo };
        const owner = (await loadHotkey(wallet)).address;
        const keyFolder = keyFolderOf(wallet.path);
        const chain = await connectDevChain({ endpoint, signal: shutdownSignal(), keyFolder });
        try {
          const present = await ownerOf(chain, netuid);
          if (present !== null && present !== owner)
            throw new BlockZeroError(
              "SUBNET_EXISTS",
              `subnet ${netuid} exists already and belongs to ${present}`,
              "choose another --netuid, or use its owner's wallet",
            );
          if (present === null)
            await sudoCalls(chain, [{ name: "createSubnet", args: { netuid, ownerHotkey: owner, hyperParameters } }]);
          const { tempo } = await chain.hyperParameters(netuid);
          printFields({
            subnet: present === null ? netuid : `${netuid} (existed already)`,
            owner,
            epoch: `every ${tempo + 1} blocks`,
          });
        } finally {
          await chain.close();
        }
      });
  },
};

export const subnet: CommandGroup = { name: "subnet", description: "make subnets on a devchain", commands: [create] };

/** Hotkey of the subnet's owner, or null where there is no such subnet. */
const ownerOf = async (chain: Chain, netuid: number): Promise<string | null> => {
  try {
    return (await chain.metagraph(netuid)).ownerHotkey;
  } catch (thrown) {
    if (thrown instanceof ChainRejected && thrown.reason === "SubNetworkDoesNotExist") return null;
    throw thrown;
  }
};
