import { z } from "zod";
import type { Chain } from "../chain.js";
import { address, amount, count, flag } from "./codecs.js";
import type { SubtensorChain } from "./connect.js";
import { noSubnet } from "./faults.js";
import type { Item, State } from "./state.js";

/** Whether a chain is subtensor, which offers more reads and writes than every chain does. */
export const isSubtensor = (chain: Chain): chain is SubtensorChain => "api" in chain;

const PALLET = "subtensorModule";
/** The runtime's value for "nobody": 32 zeros. */
const NOBODY = "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM";

const account = address.transform((text) => (text === NOBODY ? null : text));

/** SS58 of the coldkey that first registered a hotkey, on any subnet. Null if none has. */
export const ownerOf = (chain: SubtensorChain, hotkey: string): Promise<string | null> =>
  chain.read(async (state) => account.parse((await state.items([[PALLET, "owner", hotkey]]))[0]));

/** The current terms of registering a network. */
export interface NetworkTerms {
  /** Smallest units that the coldkey pays. */
  readonly cost: bigint;
  /** First block that may hold a registration of a network, whoever sends it. */
  readonly allowedFrom: number;
}

export const readNetworkTerms = (chain: SubtensorChain): Promise<NetworkTerms> =>
  chain.read(async (state) => {
    const [[last, limit], cost] = await Promise.all([
      state.items([lastRegistration(state), [PALLET, "networkRateLimit"]]),
      state.call("subnetRegistrationRuntimeApi", "getNetworkRegistrationCost"),
    ]);
    return { cost: amount.parse(cost), allowedFrom: count.parse(last) + count.parse(limit) };
  });

/** Newer runtimes store all limits in one map. */
const lastRegistration = (state: State): Item =>
  state.has(PALLET, "networkLastRegistered")
    ? [PALLET, "networkLastRegistered"]
    : [PALLET, "lastRateLimitedBlock", { NetworkLastRegistered: null }];

/** The netuid of the network that a coldkey registered in a block. */
export const networkOf = (chain: SubtensorChain, coldkey: string, block: number): Promise<number> =>
  chain.read(async (state) => {
    const [blocks, owners] = await Promise.all([
      state.entries(PALLET, "networkRegisteredAt"),
      state.entries(PALLET, "subnetOwner"),
    ]);
    const own = new Set(owners.filter(({ value }) => value === coldkey).map(({ keys: [netuid] }) => netuid));
    const found = blocks.filter(({ keys: [netuid], value }) => own.has(netuid) && count.parse(value) === block);
    return Math.max(...found.map(({ keys: [netuid] }) => z.int().parse(netuid)));
  });

export interface SubnetLife {
  /** SS58 of the coldkey that may start it and change its parameters. */
  readonly owner: string;
  /** Whether it accepts stake and pays emission. */
  readonly isStarted: boolean;
  /** First block that may hold the start. */
  readonly startFrom: number;
  /** Smallest units in its pool. Buying stake leaves `tao * alpha` unchanged. */
  readonly pool: { readonly tao: bigint; readonly alpha: bigint };
}

/** Throws `ChainRejected` SubNetworkDoesNotExist. */
export const readSubnetLife = (chain: SubtensorChain, netuid: number): Promise<SubnetLife> =>
  chain.read(async (state) => {
    const delay: readonly Item[] = state.has(PALLET, "startCallDelay") ? [[PALLET, "startCallDelay"]] : [];
    const [exists, owner, isStarted, since, tao, alpha, stored] = await state.items([
      [PALLET, "networksAdded", netuid],
      [PALLET, "subnetOwner", netuid],
      [PALLET, "subtokenEnabled", netuid],
      [PALLET, "networkRegisteredAt", netuid],
      [PALLET, "subnetTAO", netuid],
      [PALLET, "subnetAlphaIn", netuid],
      ...delay,
    ]);
    if (exists !== true) throw noSubnet(netuid);
    const wait = count.parse(stored ?? chain.api.consts[PALLET]?.durationOfStartCall?.toJSON() ?? 0);
    return {
      owner: address.parse(owner),
      isStarted: flag.parse(isStarted),
      startFrom: count.parse(since) + wait,
      pool: { tao: amount.parse(tao), alpha: amount.parse(alpha) },
    };
  });

/** SS58 of the key that may change every parameter. Null if the runtime has none. */
export const sudoKeyOf = (chain: SubtensorChain): Promise<string | null> =>
  chain.read(async (state) => {
    if (!state.has("sudo", "key")) return null;
    return address.nullable().parse((await state.items([["sudo", "key"]]))[0]);
  });

/** The stake that an amount would buy now, in the smallest unit of the subnet's own token, without fees: the pool keeps `tao * alpha` constant. */
export const stakeFor = (amount: bigint, { tao, alpha }: SubnetLife["pool"]): bigint =>
  amount === 0n ? 0n : (alpha * amount) / (tao + amount);
