import type { Head, HyperParameters } from "#shared/chain/chain.js";
import { type Beacon, roundAt } from "#shared/chain/timelock/beacon.js";

/** How old the epoch that opens weights shall be when their pulse comes out, so that nobody reads them while they can be copied. */
const SAFE_BLOCKS = 3;
/** How long before the block that opens weights their pulse shall be out: workers have to bring it to the chain. */
const DELIVERY_BLOCKS = 6;

export interface RevealTime extends Pick<HyperParameters, "tempo" | "epochLength" | "revealPeriod" | "timelockReveal"> {
  readonly head: Head;
  /** Milliseconds. */
  readonly blockTime: number;
  /** Block of the subnet's next epoch. */
  readonly nextEpoch: number;
  readonly beacon: Beacon;
}

/**
 * The round to lock weights to that are committed in the next block. Where the runtime opens them within an epoch it is
 * bittensor-drand's: the last but one that is out 3 blocks into that epoch.
 */
export const revealRound = (when: RevealTime): number => {
  const { head, blockTime, beacon } = when;
  return Math.max(1, roundAt(head.timestamp + (pulseBlock(when) - head.number) * blockTime, beacon) - 1);
};

/** Blocks within which a pulse is on the chain where all goes well; in a short epoch, half of it. */
export const deliveryBlocks = ({ epochLength }: Pick<HyperParameters, "epochLength">): number =>
  Math.min(DELIVERY_BLOCKS, epochLength >> 1);

/** The block by whose time the pulse is out. */
const pulseBlock = (when: RevealTime): number => {
  const { tempo, epochLength, revealPeriod, timelockReveal } = when;
  const end = ownEpoch(when) + (revealPeriod - 1) * epochLength;
  if (timelockReveal === "at-epoch") return end - deliveryBlocks(when);
  // An epoch of tempo + 1 blocks runs in its last block, one of tempo blocks in the first of the next.
  return end + (epochLength - tempo) + Math.min(SAFE_BLOCKS, epochLength >> 1);
};

/** Block of the epoch that a commitment in the next block belongs to. In the very block of an epoch that is the one after it. */
export const ownEpoch = ({
  head,
  nextEpoch,
  epochLength,
}: Pick<RevealTime, "head" | "nextEpoch" | "epochLength">): number =>
  head.number + 1 < nextEpoch ? nextEpoch : nextEpoch + epochLength;
