import { addStake, burnedRegister, type ChainCall } from "#shared/chain/call.js";
import { type Chain, connectChain, type DevChain, type Signer } from "#shared/chain/index.js";
import { keyFolderOf } from "#shared/chain/key-claim.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { defineConfig } from "#shared/config/settings.js";
import { BlockZeroError } from "#shared/errors.js";
import {
  describeWallet,
  type HotkeyLocation,
  loadHotkey,
  openColdkey,
  operatorPassword,
  terminalPrompt,
} from "#shared/wallet/index.js";
import { sudoCalls } from "../development.js";
import { printFields } from "../print.js";
import { subnetSettings, walletSettings } from "../settings.js";
import { formatTokens, tokens } from "../tokens.js";
import { announced } from "./wallet/password.js";

const settings = defineConfig({ ...subnetSettings, ...walletSettings });

interface Options {
  readonly stake?: bigint;
  readonly dryRun?: boolean;
}

export const register: CommandSpec = {
  name: "register",
  description: "register a hotkey in a subnet, its coldkey paying; one that is registered already stays as it is",
  examples: [
    "blockzero register --netuid 1 --wallet.name main --wallet.hotkey miner-1",
    "blockzero register --netuid 1 --wallet.name main --wallet.hotkey validator-1 --stake 10000",
    "blockzero register --chain_endpoint test --netuid 1 --dry-run",
  ],
  define: (command) => {
    addFlags(command, settings)
      .option("--stake <tokens>", "stake this on the hotkey too; on a devchain the sudo key gives it", tokens)
      .option("--dry-run", "show the extrinsic that would be sent, and send nothing")
      .action(async ({ stake, dryRun = false, ...options }: Options) => {
        const { chain_endpoint: endpoint, netuid, wallet } = settingsAmong(settings, options);
        const hotkey = await loadHotkey(wallet);
        const coldkey = await payer(wallet, hotkey);
        const keyFolder = keyFolderOf(wallet.path);
        const chain = await connectChain({ endpoint, signal: shutdownSignal(), keyFolder });
        try {
          const registration = { chain, netuid, hotkey, coldkey };
          if (dryRun) await show(registration, stake);
          else printFields({ ...(await registered(registration)), ...(stake && (await staked(registration, stake))) });
        } finally {
          await chain.close();
        }
      });
  },
};

interface Registration {
  readonly chain: Chain;
  readonly netuid: number;
  readonly hotkey: Signer;
  readonly coldkey: Signer;
}

/** A hotkey whose wallet has no coldkey is its own. */
const payer = async (wallet: HotkeyLocation, hotkey: Signer): Promise<Signer> =>
  (await describeWallet(wallet))?.coldkey
    ? openColdkey(wallet, announced(operatorPassword({ prompt: terminalPrompt() })))
    : hotkey;

const registered = async ({ chain, netuid, hotkey, coldkey }: Registration) => {
  const uidNow = async () =>
    (await chain.metagraph(netuid)).neurons.find((neuron) => neuron.hotkey === hotkey.address)?.uid;
  const known = await uidNow();
  const payment = known === undefined ? await affordable({ chain, netuid, coldkey }) : {};
  if (known === undefined) await chain.submit(burnedRegister(netuid, hotkey.address), coldkey);
  return {
    hotkey: hotkey.address,
    ...payment,
    subnet: netuid,
    uid: known === undefined ? String(await uidNow()) : `${known} (registered already)`,
  };
};

/** What it costs, and what there is for it. Throws `BlockZeroError` REGISTRATION_CLOSED, NOT_ENOUGH_BALANCE. */
const affordable = async ({ chain, netuid, coldkey }: Omit<Registration, "hotkey">) => {
  const [{ burn, registrationAllowed }, balance] = await Promise.all([
    chain.hyperParameters(netuid),
    chain.balance(coldkey.address),
  ]);
  if (!registrationAllowed)
    throw new BlockZeroError(
      "REGISTRATION_CLOSED",
      `subnet ${netuid} takes no registrations now`,
      "ask its owner, or wait until `blockzero chain status` says that it is open",
    );
  if (balance < burn)
    throw new BlockZeroError(
      "NOT_ENOUGH_BALANCE",
      `${coldkey.address} has ${formatTokens(balance)} of the ${formatTokens(burn)} that registration costs`,
      "send the rest to that coldkey, then try again",
    );
  return { coldkey: coldkey.address, balance: formatTokens(balance), cost: formatTokens(burn) };
};

/** On a devchain stake comes from nowhere; elsewhere the coldkey pays for it. */
const staked = async ({ chain, netuid, hotkey, coldkey }: Registration, stake: bigint) => {
  if (isDevChain(chain))
    await sudoCalls(chain, [{ name: "setStake", args: { netuid, hotkey: hotkey.address, amount: String(stake) } }]);
  else await chain.submit(addStake(netuid, hotkey.address, stake), coldkey);
  return { stake: formatTokens(stake) };
};

const isDevChain = (chain: Chain): chain is DevChain => "sudo" in chain;

const show = async ({ chain, netuid, hotkey, coldkey }: Registration, stake: bigint | undefined): Promise<void> => {
  const payment = await affordable({ chain, netuid, coldkey });
  printFields({ hotkey: hotkey.address, ...payment, subnet: netuid });
  const calls: ChainCall[] = [burnedRegister(netuid, hotkey.address)];
  if (stake !== undefined && !isDevChain(chain)) calls.push(addStake(netuid, hotkey.address, stake));
  for (const [i, call] of calls.entries()) {
    const { signer, nonce, hash, bytes } = await chain.prepare(call, coldkey);
    console.log("");
    // Those before it would have taken their nonces.
    const turn = i === 0 ? { nonce, hash: `0x${hash}`, bytes } : { nonce: `${nonce + i}, after the one above` };
    printFields({ "not sent": call.name, signer, ...turn });
  }
};
