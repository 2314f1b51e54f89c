import { z } from "zod";
import type { Inclusion } from "#shared/chain/chain.js";
import type { SubtensorChain } from "#shared/chain/subtensor/connect.js";
import { hashSchema, parseHeader } from "#shared/chain/subtensor/substrate.js";
import type { Signer } from "#shared/protocol/signer.js";

/** A subtensor of our own: what it can be told beyond what every chain can. */
export interface OwnSubtensor {
  readonly chain: SubtensorChain;
  /** Builds blocks at once; what waits goes into the first. */
  newBlocks(count: number): Promise<void>;
  /** Milliseconds between blocks; 0: only on `newBlocks`. */
  setBlockTime(ms: number): Promise<void>;
  /** All of the calls or none, signed by the chain's sudo key; names as in `api.tx`. */
  sudo(calls: readonly RuntimeCall[], signer: Signer): Promise<Inclusion>;
  /** Anything else that is signed. */
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

/** Blocks that a node builds well within the time that an answer may take. */
const BLOCKS_AT_ONCE = 10;

/** Reads are of the newest head that was heard of: waits until that is this one. */
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
  /** SS58; registered with the network, as its first neuron. */
  readonly ownerHotkey: string;
  /** Smallest units of TAO that the subnet's pool begins with; the owner pays them. */
  readonly pool: bigint;
  readonly parameters: SubnetParameters;
}

export interface SubnetParameters {
  readonly tempo: number;
  readonly weightsRateLimit: number;
  /** Smallest units of stake below which nobody validates. */
  readonly stakeThreshold: bigint;
  readonly isCommitReveal: boolean;
}

/** Blocks after a network's registration before its owner may start it. */
const START_DELAY = 10;
/** Registrations of a block, and of an interval, that are not held up: a full subnet's. */
const MANY = 256;

/**
 * Registers a network as anybody does, with the limits on registering lifted, and starts it. Blocks must come meanwhile.
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
