import type { Commitment, Metagraph } from "#shared/chain/chain.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import { recordsOf } from "#shared/protocol/records-within.js";
import { holdersOf } from "#shared/protocol/voting/holders.js";
import type { Stakes } from "#shared/protocol/voting/stake.js";
import type { CycleName } from "../fallback.js";

/** A contribution that a contributor put on chain in time. */
export interface CommittedSeal {
  readonly uid: number;
  readonly hotkey: string;
  /** Hash of the contribution. */
  readonly hash: string;
  readonly location: string;
}

/** Chain state after a block. */
export interface ChainState {
  readonly metagraph: Pick<Metagraph, "neurons">;
  readonly commitments: readonly Commitment[];
}

/** The seals of contributors in the state after the last block for them; by ascending uid, which numbers them. */
export const committedSeals = (
  { metagraph, commitments }: ChainState,
  { name, blocks, contributors }: { name: CycleName; blocks: BlockRange; contributors: readonly string[] },
): readonly CommittedSeal[] => {
  const uids = new Map(metagraph.neurons.map(({ hotkey, uid }) => [hotkey, uid]));
  const asked = new Set(contributors);
  return [...recordsOf("seal", name.cycle, { window: blocks, networkHash: name.network }, commitments)]
    .flatMap(([hotkey, { record }]): CommittedSeal[] => {
      const uid = uids.get(hotkey);
      if (uid === undefined || !asked.has(hotkey)) return [];
      return [{ uid, hotkey, hash: record.contribution, location: record.location }];
    })
    .sort((a, b) => a.uid - b.uid);
};

/**
 * The seals that count: those that validators with more than half of the voting stake say they hold, in the state after the last block
 * before the pulse. While less than half of the stake lies, somebody honest holds each of them before anybody can open one, so whoever
 * made it cannot withhold it. Who votes is settled before anybody seals: a validator's seal replaces the record by which it was known.
 *
 * @param stakes those that vote by the state after the last block before the sealing window
 */
export const countedSeals = (
  seals: readonly CommittedSeal[],
  commitments: readonly Commitment[],
  { name, blocks, stakes }: { name: CycleName; blocks: BlockRange; stakes: Stakes },
): readonly CommittedSeal[] => {
  const said = recordsOf("sealheld", name.cycle, { window: blocks, networkHash: name.network }, commitments);
  const heldBy = holdersOf(
    [...said].map(([hotkey, { record }]) => [hotkey, record.held]),
    stakes,
  );
  return seals.filter((_, number) => heldBy(number).counts);
};
