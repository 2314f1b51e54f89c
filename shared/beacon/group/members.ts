import { compareTexts } from "#shared/protocol/compare-texts.js";
import { MAX_MEMBERS } from "#shared/protocol/network-file/group-rules.js";
import { stakeWeights } from "../contributions/chain-weights.js";
import { type ChainSource, votersOf } from "./on-chain.js";
import { assignSlots, type Slots } from "./slots.js";

/**
 * The members of the group whose key generation begins in a cycle, and their slots: at most 64 of the voting stake, the greatest, of equal
 * ones the lower hotkey first. A member's number is its place in ascending order of hotkeys.
 *
 * @throws what reading the chain throws
 */
export const readMembers = async (source: ChainSource, start: number): Promise<Slots> =>
  memberSlots(await votersOf(source, start), source.rules.shares);

/** The same from the voting stake. */
export const memberSlots = (stakes: ReadonlyMap<string, bigint>, shares: number): Slots => {
  const ranked = [...stakes].sort(([a, x], [b, y]) => (x === y ? compareTexts(a, b) : x > y ? -1 : 1));
  return assignSlots(stakeWeights(new Map(ranked.slice(0, MAX_MEMBERS))), shares);
};
