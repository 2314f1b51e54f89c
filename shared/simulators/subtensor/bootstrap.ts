import { z } from "zod";
import type { Inclusion } from "#shared/chain/chain.js";
import type { SubtensorChain } from "#shared/chain/subtensor/connect.js";
import { hashSchema, parseHeader } from "#shared/chain/subtensor/substrate.js";
import type { Signer } from "#shared/protocol/signer.js";

/** A local subtensor, with controls that other chains do not have. */
export interface OwnSubtensor {
  readonly chain: SubtensorChain;
  /** Builds blocks at once. Waiting extrinsics go into the first. */
  newBlocks(count: number): Promise<void>;
  /** Milliseconds between blocks. 0: blocks only on `newBlocks`. */
  setBlockTime(ms: number): Promise<void>;
  /** All of the calls or none, signed by the chain's sudo key. Names are as in `api.tx`. */
  sudo(calls: readonly RuntimeCall[], signer: Signer): Promise<Inclusion>;
  /** Any other signed call. */
  call(call: RuntimeCall, signer: Signer): Promise<Inclusion>;
}

/** `[pallet, call, ...arguments]`. */
export type RuntimeCall = readonly [pallet: string, call: string, ...args: readonly unknown[]];

export const ownSubtensor = (chain: SubtensorChain): OwnSubtensor => {
  const build = ([pallet, name, ...args]: RuntimeCall) => {
    const found = chain.api.tx[pallet]?.[name];
    if (!found) throw new TypeError(`the runtime has no ${pallet}.${name}`);
    return found(...args);
  };
  return {
    chain,
    newBlocks: async (count) => {
      for (let left = count; left > 0; left -= BLOCKS_AT_ONCE) {
        const built = await chain.link.request("dev_newBlocks", [Math.min(left, BLOCKS_AT_ONCE)], false);
        const { number } = parseHeader(await chain.link.request("chain_getHeader", [hashSchema.parse(built)]));
        await arrival(chain, number);
      }
    },
    setBlockTime: async (ms) => void (await chain.link.request("dev_setBlockTime", [ms])),
    sudo: (calls, signer) =>
      chain.write(build(["sudo", "sudo", build(["utility", "batchAll", calls.map(build)])]), signer),
    call: (call, signer) => chain.write(build(call), signer),
  };
};

/** Number of blocks that a node builds well within the time limit for an answer. */
const BLOCKS_AT_ONCE = 10;

/** Reads use the newest known head. Waits until this block is that head. */
const arrival = ({ link }: SubtensorChain, number: number): Promise<void> =>
  new Promise((resolve) => {
    const stop = new AbortController();
    const check = () => {
      if (link.heads.last!.number < number) return;
      stop.abort();
      resolve();
    };
    link.heads.listen(check, stop.signal);
    check();
  });

export interface NewSubnet {
  /** May change every parameter. */
  readonly sudo: Signer;
  /** Coldkey that pays for the network and owns it. */
  readonly owner: Signer;
  /** SS58. Registered with the network, as its first neuron. */
  readonly ownerHotkey: string;
  /** Initial amount of TAO in the subnet's pool, in smallest units. The owner pays it. */
  readonly pool: bigint;
  readonly parameters: SubnetParameters;
}

export interface SubnetParameters {
  readonly tempo: number;
  readonly weightsRateLimit: number;
  /** Stake in smallest units that a validator must have. */
  readonly stakeThreshold: bigint;
  readonly isCommitReveal: boolean;
}

/** Number of blocks after a network's registration before its owner may start it. */
const START_DELAY = 10;
/** Limit on registrations per block, and per interval, that never delays one: the size of a full subnet. */
const MANY = 256;

/**
 * Registers a network as anybody does, without the limits on registering, and starts it. Blocks must come meanwhile.
 * @returns its netuid
 */
export const createSubnet = async (own: OwnSubtensor, subnet: NewSubnet): Promise<number> => {
  const { chain } = own;
  const { sudo, owner, parameters } = subnet;
  await own.sudo(
    [
      ["adminUtils", "sudoSetNetworkRateLimit", 0],
      ["adminUtils", "sudoSetNetworkMinLockCost", subnet.pool],
      ["adminUtils", "sudoSetTxRateLimit", 0],
      ["adminUtils", "sudoSetStakeThreshold", parameters.stakeThreshold],
    ],
    sudo,
  );
  const { block } = await own.call(["subtensorModule", "registerNetwork", subnet.ownerHotkey], owner);
  const netuid = await ownNetwork(chain, owner.address);
  await own.sudo(
    [
      ["adminUtils", "sudoSetTempo", netuid, parameters.tempo],
      ["adminUtils", "sudoSetWeightsSetRateLimit", netuid, parameters.weightsRateLimit],
      ["adminUtils", "sudoSetMaxRegistrationsPerBlock", netuid, MANY],
      ["adminUtils", "sudoSetTargetRegistrationsPerInterval", netuid, MANY],
      ["adminUtils", "sudoSetServingRateLimit", netuid, 0],
      ["adminUtils", "sudoSetMinAllowedWeights", netuid, 1],
      ["adminUtils", "sudoSetCommitRevealWeightsEnabled", netuid, parameters.isCommitReveal],
    ],
    sudo,
  );
  const missing = block + START_DELAY - (await chain.head()).number;
  if (missing > 0) await own.newBlocks(missing);
  await own.call(["subtensorModule", "startCall", netuid], owner);
  return netuid;
};

const ownNetwork = async ({ api }: SubtensorChain, owner: string): Promise<number> => {
  const owners = await api.query.subtensorModule!.subnetOwner!.entries();
  const own = owners.filter(([, coldkey]) => coldkey.toString() === owner);
  return Math.max(...own.map(([key]) => z.int().parse(key.args[0]?.toJSON())));
};
