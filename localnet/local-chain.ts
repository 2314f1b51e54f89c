import { setCommitment } from "#shared/chain/call.js";
import type { Chain } from "#shared/chain/chain.js";
import type { Beacon } from "#shared/chain/timelock/beacon.js";
import type { Network } from "#shared/protocol/network.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { ProcessSpec } from "./process.js";
import type { LocalnetParticipant } from "./roles.js";

/** Which chain a localnet runs on. */
export type LocalChainKind = "devchain" | "subtensor";

/** A chain on this machine that builds blocks when the localnet asks for them. */
export interface LocalChain {
  readonly chain: Chain;
  /** Milliseconds between blocks. 0: blocks only on `newBlocks`. */
  setBlockTime(ms: number): Promise<void>;
  newBlocks(count: number): Promise<void>;
  /** Creates the owner's subnet if there is none, registers every participant, and stakes the validators. Builds blocks meanwhile. */
  enrol(participants: readonly LocalnetParticipant[]): Promise<{ readonly netuid: number }>;
}

/** How a kind of chain is run here. */
export interface LocalChainHost {
  /** The node's process. A restart uses the block time of that moment. */
  readonly process: (port: number, blockTime: () => number) => ProcessSpec;
  readonly connect: (endpoint: string) => Promise<LocalChain>;
  /** Milliseconds between blocks unless the operator says otherwise. */
  readonly blockTime: number;
  /** Loopback address that the participants serve on. */
  readonly address: string;
  /** Makes evaluation seeds, and opens timelocked weights and sealed text. Unset if the chain follows no beacon. */
  readonly beacon?: Beacon;
  /** The first cycle whose weights the chain would open. */
  readonly firstCycle: number;
}

/** Blocks come fast during the setup of the subnet, and stop until all participants have joined. */
const SETUP_BLOCK_MS = 20;

/** Runs `work` while blocks come, then stops the blocks. */
export const whileBlocksCome = async <T>(local: LocalChain, work: () => Promise<T>): Promise<T> => {
  await local.setBlockTime(SETUP_BLOCK_MS);
  const result = await work();
  await local.setBlockTime(0);
  return result;
};

/** Publishes on chain which network file is in force, and where it can be fetched, as the owner. */
export const publishNetwork = async (
  chain: Chain,
  netuid: number,
  { hash, location }: { hash: string; location: string },
  owner: Signer,
): Promise<void> => {
  const record = encodeRecord({ type: "network", network: shortHash(hash), hash, location });
  await chain.submit(setCommitment(netuid, record), owner);
};

/** Builds blocks until the next block is the first of `cycle`. */
export const forwardTo = async (
  local: LocalChain,
  cycle: number,
  { phases }: Pick<Network, "phases">,
): Promise<void> => {
  const { number } = await local.chain.head();
  const missing = cycle * cycleLength(phases) - 1 - number;
  if (missing > 0) await local.newBlocks(missing);
};
