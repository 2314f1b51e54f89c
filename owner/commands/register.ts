import { burnedRegister } from "#shared/chain/call.js";
import { type Chain, connectChain, connectDevChain, loadHotkey, type Signer } from "#shared/chain/index.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { defineConfig } from "#shared/config/settings.js";
import { sudoCalls } from "../development.js";
import { printFields } from "../print.js";
import { subnetSettings, walletSettings } from "../settings.js";
import { formatTokens, tokens } from "../tokens.js";

const settings = defineConfig({ ...subnetSettings, ...walletSettings });

interface Options {
  readonly stake?: bigint;
}

export const register: CommandSpec = {
  name: "register",
  description: "register a hotkey in a subnet; one that is registered already stays as it is",
  examples: [
    "blockzero register --netuid 1 --wallet.name main --wallet.hotkey miner-1",
    "blockzero register --netuid 1 --wallet.name main --wallet.hotkey validator-1 --stake 10000",
  ],
  define: (command) => {
    addFlags(command, settings)
      .option("--stake <tokens>", "on a devchain: give the hotkey this stake, through the sudo key", tokens)
      .action(async ({ stake, ...options }: Options) => {
        const { chain_endpoint: endpoint, netuid, wallet } = settingsAmong(settings, options);
        const signer = await loadHotkey(wallet);
        const connection = { endpoint, signal: shutdownSignal() };
        if (stake === undefined) {
          await using(await connectChain(connection), async (chain) => {
            printFields(await registered(chain, netuid, signer));
          });
          return;
        }
        await using(await connectDevChain(connection), async (chain) => {
          const fields = await registered(chain, netuid, signer);
          await sudoCalls(chain, [
            { name: "setStake", args: { netuid, hotkey: signer.address, amount: String(stake) } },
          ]);
          printFields({ ...fields, stake: formatTokens(stake) });
        });
      });
  },
};

const using = async <C extends Chain>(chain: C, work: (chain: C) => Promise<void>): Promise<void> => {
  try {
    await work(chain);
  } finally {
    await chain.close();
  }
};

const registered = async (chain: Chain, netuid: number, signer: Signer): Promise<Record<string, string | number>> => {
  const uidNow = async () => (await chain.metagraph(netuid)).neurons.find(isOurs)?.uid;
  const isOurs = ({ hotkey }: { readonly hotkey: string }) => hotkey === signer.address;
  const known = await uidNow();
  if (known === undefined) await chain.submit(burnedRegister(netuid, signer.address), signer);
  const uid = known ?? (await uidNow());
  return {
    hotkey: signer.address,
    subnet: netuid,
    uid: known === undefined ? String(uid) : `${uid} (registered already)`,
  };
};
