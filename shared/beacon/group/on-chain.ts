import { readVoters } from "#shared/chain/voters.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import { type RecordOf, recordsOf } from "#shared/protocol/records-within.js";
import { isMajority, type Stakes, sumStake } from "#shared/protocol/voting/stake.js";
import { beaconWindows } from "../windows.js";
import type { GroupSource } from "./source.js";

/** The source without what needs files. */
export type ChainSource = Omit<GroupSource, "fetch" | "verify">;

/** The voting stake as it was before anybody wrote a record of a cycle's value. @throws what reading the chain throws */
export const votersOf = async (source: ChainSource, cycle: number): Promise<Stakes> =>
  (await readVoters(source, cycle, beaconWindows(cycle, source.network.phases).sealing.start - 1)).stakes;

/**
 * Hotkey → its record of a type in the state after the last block of a window, included in it. The chain keeps one record a key.
 *
 * @throws what reading the chain throws
 */
export const recordsIn = async <T extends "deal" | "group" | "partial" | "pulse">(
  { chain, network, networkHash }: ChainSource,
  type: T,
  cycle: number,
  window: BlockRange,
): Promise<ReadonlyMap<string, RecordOf<T>>> => {
  const found = recordsOf(
    type,
    cycle,
    { window, networkHash },
    await chain.commitments(network.netuid, window.end - 1),
  );
  return new Map([...found].map(([hotkey, { record }]) => [hotkey, record]));
};

/** Whether those of these hotkeys that vote have more than half of the voting stake. */
export const haveMajority = (hotkeys: Iterable<string>, stakes: Stakes): boolean =>
  isMajority(sumStake([...hotkeys].map((hotkey) => stakes.get(hotkey) ?? 0n)), stakes);
