import type { Inclusion } from "#shared/chain/chain.js";
import type { SubtensorChain } from "#shared/chain/subtensor/connect.js";
import { networkOf, ownerOf, readNetworkTerms, readSubnetLife, sudoKeyOf } from "#shared/chain/subtensor/ownership.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import { ownSubtensor, type RuntimeCall } from "#shared/simulators/subtensor/bootstrap.js";
import { plural } from "#shared/util/plural.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { SUDO } from "./development.js";
import { hotkeyTaken, notEnough } from "./payment.js";
import { untilNextIs } from "./until-next-is.js";

/**
 * Registers a network, whose first neuron the hotkey is; the chain chooses its number.
 * Throws `BlockZeroError` NETWORK_RATE_LIMIT, NOT_ENOUGH_BALANCE, HOTKEY_TAKEN before it sends anything, and CHAIN_REJECTED.
 */
export const registerNetwork = async (
  chain: SubtensorChain,
  hotkey: string,
  coldkey: Signer,
): Promise<{ readonly netuid: number; readonly cost: bigint }> => {
  const [{ cost, allowedFrom }, balance, owner, { number }] = await Promise.all([
    readNetworkTerms(chain),
    chain.balance(coldkey.address),
    ownerOf(chain, hotkey),
    chain.head(),
  ]);
  if (owner !== null && owner !== coldkey.address) throw hotkeyTaken(hotkey, owner);
  const wait = allowedFrom - (number + 1);
  if (wait > 0)
    throw new BlockZeroError(
      "NETWORK_RATE_LIMIT",
      `the chain takes the next network at block ${allowedFrom}, in ${plural(wait, "block")} (NetworkTxRateLimitExceeded)`,
      "try again then, before anybody else does",
    );
  if (balance <= cost) throw notEnough(coldkey.address, balance, cost, "a network costs");
  const { block } = await chain.write(call(chain, "subtensorModule", "registerNetwork", hotkey), coldkey);
  return { netuid: await networkOf(chain, coldkey.address, block), cost };
};

/** Blocks that are waited for rather than refused, five minutes of a live network: a runtime with fast blocks makes wait 10. */
const SOON = 25;

export interface StartOptions {
  readonly coldkey: Signer;
  /** Told the block that is waited for. */
  readonly onWait: (block: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Lets a subnet take stake and pay, as soon as the chain takes it, if that is within 25 blocks.
 *
 * @returns null where it does already. @throws NOT_SUBNET_OWNER, START_TOO_EARLY before it sends anything, and CHAIN_REJECTED
 */
export const startSubnet = async (
  chain: SubtensorChain,
  netuid: number,
  { coldkey, onWait, signal }: StartOptions,
): Promise<Inclusion | null> => {
  const [{ owner, isStarted, startFrom }, { number }] = await Promise.all([
    readSubnetLife(chain, netuid),
    chain.head(),
  ]);
  checkOwner(netuid, owner, coldkey);
  if (isStarted) return null;
  const wait = startFrom - (number + 1);
  if (wait > SOON)
    throw new BlockZeroError(
      "START_TOO_EARLY",
      `subnet ${netuid} may be started at block ${startFrom}, in ${plural(wait, "block")}`,
      "try again then",
    );
  if (wait > 0) {
    onWait(startFrom);
    await untilNextIs(chain, startFrom, signal);
  }
  return chain.write(call(chain, "subtensorModule", "startCall", netuid), coldkey);
};

/** Parameters of a subnet that its owner may change. */
export interface OwnersParameters {
  readonly commitReveal?: boolean | undefined;
  /** Epochs. */
  readonly revealPeriod?: number | undefined;
  /** Blocks between two announcements of an axon. */
  readonly servingRateLimit?: number | undefined;
}

/** Changes what is given. Throws `BlockZeroError` NOT_SUBNET_OWNER, CHAIN_REJECTED. */
export const changeParameters = async (
  chain: SubtensorChain,
  netuid: number,
  { commitReveal, revealPeriod, servingRateLimit }: OwnersParameters,
  coldkey: Signer,
): Promise<void> => {
  checkOwner(netuid, (await readSubnetLife(chain, netuid)).owner, coldkey);
  const changes = [
    ["sudoSetCommitRevealWeightsEnabled", commitReveal],
    ["sudoSetCommitRevealWeightsInterval", revealPeriod],
    ["sudoSetServingRateLimit", servingRateLimit],
  ] as const;
  for (const [name, value] of changes)
    if (value !== undefined) await chain.write(call(chain, "adminUtils", name, netuid, value), coldkey);
};

/** Whether the chain's sudo key is the development key, which everybody has: a chain for trying things out. */
export const isDevelopment = async (chain: SubtensorChain): Promise<boolean> =>
  (await sudoKeyOf(chain)) === (await signerFromUri(SUDO)).address;

/** Signs with the development key. */
export const sudoOn = async (chain: SubtensorChain, calls: readonly RuntimeCall[]): Promise<void> => {
  await ownSubtensor(chain).sudo(calls, await signerFromUri(SUDO));
};

const call = (chain: SubtensorChain, pallet: string, name: string, ...args: readonly unknown[]) => {
  const found = chain.api.tx[pallet]?.[name];
  if (found) return found(...args);
  throw new BlockZeroError(
    "RUNTIME_UNSUPPORTED",
    `the chain's runtime has no ${pallet}.${name}`,
    "use btcli, which follows the newest runtime",
  );
};

const checkOwner = (netuid: number, owner: string, { address }: Signer): void => {
  if (owner === address) return;
  throw new BlockZeroError(
    "NOT_SUBNET_OWNER",
    `subnet ${netuid} belongs to coldkey ${owner}, the wallet's is ${address}`,
    "name the owner's wallet with --wallet.name",
  );
};
