import { sudoCalls } from "#owner/chain/development.js";
import { hotkeyTaken, notEnough, payerOf } from "#owner/chain/payment.js";
import { addStake, burnedRegister, type ChainCall } from "#shared/chain/call.js";
import type { Chain } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import type { DevchainClient } from "#shared/chain/devchain/client.js";
import type { SubtensorChain } from "#shared/chain/subtensor/connect.js";
import { isSubtensor, ownerOf, readSubnetLife, stakeFor } from "#shared/chain/subtensor/ownership.js";
import { keyFolderOf } from "#shared/chain/writer/key-lock.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_AMOUNTS_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { amountText, formatTokens, tokens } from "#shared/cli/tokens.js";
import { addFlags } from "#shared/config/flags.js";
import { defineConfig } from "#shared/config/settings.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import { openSigner } from "#shared/signing/open-signer.js";
import { subnetSettings, writerSettings } from "../settings.js";

const settings = defineConfig({ ...subnetSettings, ...writerSettings });

interface Options {
  readonly stake?: bigint;
  readonly dryRun?: boolean;
  readonly json?: boolean;
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
      .option(...JSON_AMOUNTS_FLAG)
      .action(async ({ stake, dryRun = false, json = false, ...options }: Options) => {
        const { chain_endpoint: endpoint, netuid, wallet } = settingsAmong(settings, options);
        const hotkey = await openSigner(wallet);
        const coldkey = await payerOf(wallet, hotkey);
        const keyFolder = keyFolderOf(wallet);
        const chain = await connectChain({ endpoint, signal: shutdownSignal(), keyFolder });
        try {
          const registration = { chain, netuid, hotkey, coldkey };
          if (dryRun) return await show(registration, stake, json);
          const done = await registered(registration, stake);
          // What was paid for is told before anything else can fail.
          const tell = (fields: Parameters<typeof printFields>[0]) => {
            if (!json) printFields(fields, "coldkey".length);
          };
          tell(fieldsOf(done));
          let added: Staked | null = null;
          try {
            if (stake === undefined) return;
            added = await staked(registration, stake);
            tell(stakeFields(added));
            if (!isSubtensor(chain)) return;
            const has = await stakeOf(registration);
            added = { ...added, stake: has };
            tell({ stake: `${formatTokens(has)} in the subnet's own token` });
          } finally {
            if (json) printJson({ ...done, ...added });
          }
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

/** What is paid by whom; null for a hotkey that is registered already. */
interface Payment {
  readonly coldkey: string;
  readonly balance: bigint;
  readonly cost: bigint;
}

interface Registered {
  readonly hotkey: string;
  readonly payment: Payment | null;
  readonly netuid: number;
  readonly uid: number | null;
}

interface Staked {
  /** What the coldkey paid; null where stake comes from nowhere. */
  readonly paid: bigint | null;
  /** What the hotkey has then, on subtensor in the subnet's own token; null where it was not read. */
  readonly stake: bigint | null;
}

const registered = async (
  { chain, netuid, hotkey, coldkey }: Registration,
  stake: bigint | undefined,
): Promise<Registered> => {
  const uidNow = async () =>
    (await chain.metagraph(netuid)).neurons.find((neuron) => neuron.hotkey === hotkey.address)?.uid;
  const known = await uidNow();
  const payment = await affordable({ chain, netuid, hotkey, coldkey }, { isNew: known === undefined, stake });
  if (known === undefined) await chain.submit(burnedRegister(netuid, hotkey.address), coldkey);
  return { hotkey: hotkey.address, payment, netuid, uid: known ?? (await uidNow()) ?? null };
};

const fieldsOf = ({ hotkey, payment, netuid, uid }: Registered) => ({
  hotkey,
  ...paymentFields(payment),
  subnet: netuid,
  uid: payment === null ? `${uid} (registered already)` : String(uid),
});

const paymentFields = (payment: Payment | null): Record<string, string> =>
  payment === null
    ? {}
    : { coldkey: payment.coldkey, balance: amountText(payment.balance), cost: amountText(payment.cost) };

const stakeFields = ({ paid, stake }: Staked): Record<string, string> => ({
  ...(paid !== null && { paid: amountText(paid) }),
  ...(stake !== null && { stake: amountText(stake) }),
});

/**
 * What it costs, and what there is for it: everything that can be known is checked before anything is paid.
 * Throws `BlockZeroError` REGISTRATION_CLOSED, NOT_ENOUGH_BALANCE, HOTKEY_TAKEN, and of stake SUBNET_NOT_STARTED, STAKE_TOO_LOW.
 */
const affordable = async (
  { chain, netuid, hotkey, coldkey }: Registration,
  { isNew, stake }: { readonly isNew: boolean; readonly stake: bigint | undefined },
): Promise<Payment | null> => {
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
  return isNew ? { coldkey: coldkey.address, balance, cost } : null;
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
      `the chain takes no stake below ${amountText(LEAST_STAKE)}`,
      "stake more",
    );
};

/** On a devchain stake comes from nowhere; elsewhere the coldkey pays for it. */
const staked = async ({ chain, netuid, hotkey, coldkey }: Registration, stake: bigint): Promise<Staked> => {
  if (!isDevChain(chain)) {
    await chain.submit(addStake(netuid, hotkey.address, stake), coldkey);
    return { paid: stake, stake: null };
  }
  const sum = (await stakeOf({ chain, netuid, hotkey })) + stake;
  await sudoCalls(chain, [{ name: "setStake", args: { netuid, hotkey: hotkey.address, amount: String(sum) } }]);
  return { paid: null, stake: sum };
};

const stakeOf = async ({ chain, netuid, hotkey }: Omit<Registration, "coldkey">): Promise<bigint> =>
  (await chain.metagraph(netuid)).neurons.find((neuron) => neuron.hotkey === hotkey.address)?.stake ?? 0n;

const isDevChain = (chain: Chain): chain is DevchainClient => "sudo" in chain;

const show = async (
  { chain, netuid, hotkey, coldkey }: Registration,
  stake: bigint | undefined,
  json: boolean,
): Promise<void> => {
  const payment = await affordable({ chain, netuid, hotkey, coldkey }, { isNew: true, stake });
  const bought =
    stake !== undefined && isSubtensor(chain)
      ? { paid: stake, stake: stakeFor(stake, (await readSubnetLife(chain, netuid)).pool) }
      : null;
  const calls: ChainCall[] = [burnedRegister(netuid, hotkey.address)];
  if (stake !== undefined && !isDevChain(chain)) calls.push(addStake(netuid, hotkey.address, stake));
  const notSent = await Promise.all(calls.map((call) => chain.prepare(call, coldkey)));
  if (json) return printJson({ hotkey: hotkey.address, payment, netuid, ...bought, notSent });
  const price = bought && {
    stake: `${amountText(bought.paid)}, for about ${formatTokens(bought.stake)} of the subnet's own token`,
  };
  printFields({ hotkey: hotkey.address, ...paymentFields(payment), ...price, subnet: netuid });
  for (const [i, { call, signer, nonce, hash, bytes }] of notSent.entries()) {
    console.log("");
    // Those before it would have taken their nonces.
    const turn = i === 0 ? { nonce, hash: `0x${hash}`, bytes } : { nonce: `${nonce + i}, after the one above` };
    printFields({ "not sent": call.name, signer, ...turn });
  }
};
