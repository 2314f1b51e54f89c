import { addStake, burnedRegister, type ChainCall } from "#shared/chain/call.js";
import { type Chain, connectChain, type DevChain, type Signer } from "#shared/chain/index.js";
import { keyFolderOf } from "#shared/chain/key-claim.js";
import type { SubtensorChain } from "#shared/chain/subtensor/connect.js";
import { isSubtensor, ownerOf, readSubnetLife, stakeFor } from "#shared/chain/subtensor/ownership.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { defineConfig } from "#shared/config/settings.js";
import { BlockZeroError } from "#shared/errors.js";
import { loadHotkey } from "#shared/wallet/index.js";
import { sudoCalls } from "../development.js";
import { hotkeyTaken, notEnough, payerOf } from "../payment.js";
import { printFields } from "../print.js";
import { subnetSettings, walletSettings } from "../settings.js";
import { formatTokens, tokens } from "../tokens.js";

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
        const coldkey = await payerOf(wallet, hotkey);
        const keyFolder = keyFolderOf(wallet.path);
        const chain = await connectChain({ endpoint, signal: shutdownSignal(), keyFolder });
        try {
          const registration = { chain, netuid, hotkey, coldkey };
          if (dryRun) return await show(registration, stake);
          // What was paid for is told before anything else can fail.
          printFields(await registered(registration, stake));
          if (stake !== undefined) printFields(await staked(registration, stake));
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

const registered = async ({ chain, netuid, hotkey, coldkey }: Registration, stake: bigint | undefined) => {
  const uidNow = async () =>
    (await chain.metagraph(netuid)).neurons.find((neuron) => neuron.hotkey === hotkey.address)?.uid;
  const known = await uidNow();
  const payment = await affordable({ chain, netuid, hotkey, coldkey }, { isNew: known === undefined, stake });
  if (known === undefined) await chain.submit(burnedRegister(netuid, hotkey.address), coldkey);
  return {
    hotkey: hotkey.address,
    ...payment,
    subnet: netuid,
    uid: known === undefined ? String(await uidNow()) : `${known} (registered already)`,
  };
};

/**
 * What it costs, and what there is for it: everything that can be known is checked before anything is paid.
 * Throws `BlockZeroError` REGISTRATION_CLOSED, NOT_ENOUGH_BALANCE, HOTKEY_TAKEN, and of stake SUBNET_NOT_STARTED, STAKE_TOO_LOW.
 */
const affordable = async (
  { chain, netuid, hotkey, coldkey }: Registration,
  { isNew, stake }: { readonly isNew: boolean; readonly stake: bigint | undefined },
): Promise<Record<string, string>> => {
  const [{ burn, registrationAllowed }, balance] = await Promise.all([
    chain.hyperParameters(netuid),
    chain.balance(coldkey.address),
  ]);
  if (isNew && !registrationAllowed)
    throw new BlockZeroError(
      "REGISTRATION_CLOSED",
      `subnet ${netuid} takes no registrations now`,
      "ask its owner, or wait until `blockzero chain status` says that it is open",
    );
  if (isSubtensor(chain)) {
    const owner = await ownerOf(chain, hotkey.address);
    if (owner !== null && owner !== coldkey.address && isNew) throw hotkeyTaken(hotkey.address, owner);
    if (stake !== undefined) await checkStake(chain, netuid, stake);
  }
  const cost = isNew ? burn : 0n;
  const bought = stake !== undefined && !isDevChain(chain) ? stake : 0n;
  if (balance < cost + bought)
    throw notEnough(
      coldkey.address,
      balance,
      cost + bought,
      bought > 0n ? "registration and stake cost" : "registration costs",
    );
  return isNew ? { coldkey: coldkey.address, balance: formatTokens(balance), cost: formatTokens(cost) } : {};
};

/** Subtensor's least stake, 0.002 tokens, and what the swap takes of it. */
const LEAST_STAKE = 2_001_001n;

const checkStake = async (chain: SubtensorChain, netuid: number, stake: bigint): Promise<void> => {
  const { isStarted, startFrom } = await readSubnetLife(chain, netuid);
  if (!isStarted)
    throw new BlockZeroError(
      "SUBNET_NOT_STARTED",
      `subnet ${netuid} takes no stake before its owner has started it, which is possible from block ${startFrom}`,
      "register without --stake, and stake when `blockzero subnet start` was run",
    );
  if (stake < LEAST_STAKE)
    throw new BlockZeroError(
      "STAKE_TOO_LOW",
      `the chain takes no stake below ${formatTokens(LEAST_STAKE)}`,
      "stake more",
    );
};

/** On a devchain stake comes from nowhere; elsewhere the coldkey pays for it. */
const staked = async ({ chain, netuid, hotkey, coldkey }: Registration, stake: bigint) => {
  if (isDevChain(chain))
    await sudoCalls(chain, [{ name: "setStake", args: { netuid, hotkey: hotkey.address, amount: String(stake) } }]);
  else await chain.submit(addStake(netuid, hotkey.address, stake), coldkey);
  if (!isSubtensor(chain)) return { stake: formatTokens(stake) };
  const own = (await chain.metagraph(netuid)).neurons.find((neuron) => neuron.hotkey === hotkey.address);
  return { paid: formatTokens(stake), stake: `${formatTokens(own?.stake ?? 0n)} in the subnet's own token` };
};

const isDevChain = (chain: Chain): chain is DevChain => "sudo" in chain;

const show = async ({ chain, netuid, hotkey, coldkey }: Registration, stake: bigint | undefined): Promise<void> => {
  const payment = await affordable({ chain, netuid, hotkey, coldkey }, { isNew: true, stake });
  const bought =
    stake !== undefined && isSubtensor(chain)
      ? {
          stake: `${formatTokens(stake)}, for about ${formatTokens(stakeFor(stake, (await readSubnetLife(chain, netuid)).pool))} of the subnet's own token`,
        }
      : {};
  printFields({ hotkey: hotkey.address, ...payment, ...bought, subnet: netuid });
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
