import type { Head, HyperParameters } from "#shared/chain/chain.js";
import { type Beacon, roundAt } from "#shared/chain/timelock/beacon.js";

/** Blocks between the epoch that opens weights and the publication of their pulse, so that nobody reads the weights while they can be copied. */
const SAFE_BLOCKS = 3;
/** Blocks between the publication of the pulse and the block that opens the weights: offchain workers must bring the pulse to the chain. */
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
 * The round for weights that are committed in the next block. If the runtime opens weights within an epoch, this is the round of
 * bittensor-drand: the last but one that is published 3 blocks into that epoch.
 */
export const revealRound = (when: RevealTime): number => {
  const { head, blockTime, beacon } = when;
  return Math.max(1, roundAt(head.timestamp + (pulseBlock(when) - head.number) * blockTime, beacon) - 1);
};

/** Blocks within which a pulse normally reaches the chain. In a short epoch, half of the epoch. */
export const deliveryBlocks = ({ epochLength }: Pick<HyperParameters, "epochLength">): number =>
  Math.min(DELIVERY_BLOCKS, epochLength >> 1);

/** The block at whose time the pulse is published. */
const pulseBlock = (when: RevealTime): number => {
  const { tempo, epochLength, revealPeriod, timelockReveal } = when;
  const end = ownEpoch(when) + (revealPeriod - 1) * epochLength;
  if (timelockReveal === "at-epoch") return end - deliveryBlocks(when);
  // An epoch of tempo + 1 blocks runs in its last block, an epoch of tempo blocks in the first block of the next.
  return end + (epochLength - tempo) + Math.min(SAFE_BLOCKS, epochLength >> 1);
};

/** Block of the epoch that a commitment in the next block belongs to. A commitment in an epoch's own block belongs to the epoch after it. */
export const ownEpoch = ({
  head,
  nextEpoch,
  epochLength,
}: Pick<RevealTime, "head" | "nextEpoch" | "epochLength">): number =>
  head.number + 1 < nextEpoch ? nextEpoch : nextEpoch + epochLength;
