import { subnetAt } from "#shared/chain/subnet-at.js";
import { type CommittedSeal, committedSeals } from "./held.js";
import { type SealTerms, sealingBlocks } from "./schedule.js";
import type { ContributionSource } from "./source.js";

/** The contributions on chain in time, once the sealing window is over; and the last block in which they were. */
export interface ReadSeals {
  /** By ascending uid: the numbers of held records. */
  readonly committed: readonly CommittedSeal[];
  /** Null if no block was in time. */
  readonly sealedUntil: number | null;
}

/** @throws what reading the chain throws */
export const readSeals = async (
  source: Omit<ContributionSource, "fetch" | "verify">,
  cycle: number,
  { round, contributors }: SealTerms,
): Promise<ReadSeals> => {
  const blocks = await sealingBlocks(source, cycle, round);
  if (blocks === null) return { committed: [], sealedUntil: null };
  const name = { network: source.networkHash, cycle };
  const sealedUntil = blocks.end - 1;
  const state = await subnetAt(source.chain, source.network.netuid, sealedUntil);
  return { committed: committedSeals(state, { name, blocks, contributors }), sealedUntil };
};
