import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import { type BeaconContext, DRAND_TIMELOCK } from "./source.js";
import type { BeaconValue, Dropped } from "./value.js";

const PULSE_DOMAIN = "blockzero/beacon-pulse/1";
const BLOCKS_DOMAIN = "blockzero/beacon-blocks/1";

/** The cycle that a value belongs to. */
export interface CycleName {
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
}

export interface WeakerInputs extends CycleName {
  /** The round's signature, and the hash of a block that was built before it was out. Null without either. */
  readonly pulse: { readonly signature: Uint8Array; readonly blockHash: string } | null;
  /** Hashes of the blocks that decide if there is no pulse, in ascending order. */
  readonly blocks: readonly string[];
  readonly dropped: readonly Dropped[];
}

/**
 * The value of a cycle in which the scheme's own did not come about, marked by its origin:
 * SHA-256("blockzero/beacon-pulse/1" ‖ network hash ‖ cycle as u64 little-endian ‖ pulse ‖ block hash), and without a pulse
 * SHA-256("blockzero/beacon-blocks/1" ‖ network hash ‖ cycle ‖ block hashes).
 */
export const weakerValue = ({ network, cycle, pulse, blocks, dropped }: WeakerInputs): BeaconValue => {
  const head = (domain: string) => [Buffer.from(domain), hashBytes(network), u64le(cycle)] as const;
  const value =
    pulse === null
      ? sha256(...head(BLOCKS_DOMAIN), ...blocks.map(hashBytes))
      : sha256(...head(PULSE_DOMAIN), pulse.signature, hashBytes(pulse.blockHash));
  return { value, origin: pulse === null ? "blocks" : "pulse", contributors: [], dropped };
};

/**
 * The pulse of a round in the state after a block. Null if the chain has none there, or one that is not the beacon's signature.
 *
 * @throws what reading the chain throws
 */
export const verifiedPulse = async (
  { chain, drand, timelock = DRAND_TIMELOCK }: Pick<BeaconContext, "chain" | "drand" | "timelock">,
  round: number,
  at: number,
): Promise<Uint8Array | null> => {
  const pulse = await chain.pulse(round, at);
  return pulse !== null && timelock.verifyPulse(drand.public_key, round, pulse) ? pulse : null;
};
