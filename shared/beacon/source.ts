import type { Chain } from "#shared/chain/chain.js";
import { verifyPulse } from "#shared/chain/timelock/pulse.js";
import { encryptTimelock, type TimelockOptions, timelockOpener } from "#shared/chain/timelock/timelock.js";
import type { Network } from "#shared/protocol/network.js";
import type { SeedBeacon } from "#shared/protocol/network-file/drand-beacon.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import type { VotingFile } from "#shared/protocol/voting/voting-stake.js";

/** What a scheme reads of the chain and the network file. */
export interface BeaconContext {
  readonly chain: Pick<Chain, "metagraph" | "commitments" | "blockHash" | "timestamp" | "pulse">;
  readonly network: Pick<Network, "netuid" | "phases"> & VotingFile;
  /** Full hash of the network file. */
  readonly networkHash: string;
  /** The drand beacon that the chain follows. */
  readonly drand: SeedBeacon;
  /** Default: drand's. */
  readonly timelock?: TimelockScheme;
}

/** What a drand beacon's pulses do. */
export interface TimelockScheme {
  /** Whether a signature is that of the beacon's round. */
  verifyPulse(publicKey: string, round: number, signature: Uint8Array): boolean;
  /** Seals bytes to a round. */
  seal(plaintext: Uint8Array, options: TimelockOptions): Uint8Array;
  /** Opens what was sealed to the signature's round. What it does not open throws. */
  opener(signature: Uint8Array): (sealed: Uint8Array) => Uint8Array;
}

export const DRAND_TIMELOCK: TimelockScheme = { verifyPulse, seal: encryptTimelock, opener: timelockOpener };

/** Bytes that have that hash. @throws BlockZeroError FETCH_… if they are not available */
export type FetchFile = (file: {
  readonly hash: string;
  readonly maxBytes: number;
  readonly what?: string;
  readonly location?: string;
}) => Promise<Uint8Array>;

/** Hotkey → confirmed Sprint weight in the state at a block. */
export type ReadWeights = (cycle: number, at: number) => Promise<Iterable<readonly [string, number]>>;

/** Hashes of blocks, in ascending order. @throws what reading the chain throws */
export const hashesOf = (
  { chain }: Pick<BeaconContext, "chain">,
  { start, end }: BlockRange,
): Promise<readonly string[]> => Promise.all(Array.from({ length: end - start }, (_, i) => chain.blockHash(start + i)));
