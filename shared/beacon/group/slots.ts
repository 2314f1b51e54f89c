import { compareTexts } from "#shared/protocol/compare-texts.js";
import { largestRemainder } from "#shared/util/largest-remainder.js";
import { wholeWeights } from "../weights.js";

/** Hotkey → the slots that it holds, numbered from 1, in ascending order. Members in ascending order of hotkeys. */
export type Slots = ReadonlyMap<string, readonly number[]>;

/**
 * Shares out slots by weight with the `largestRemainder`, of equal ones the lower hotkey first. Slots are numbered by ascending hotkey; who
 * gets none is no member. Empty if nobody has weight.
 */
export const assignSlots = (weights: Iterable<readonly [string, number]>, slots: number): Slots => {
  const parts = [...wholeWeights(weights)]
    .map(([name, weight]) => ({ name, weight }))
    .sort((a, b) => compareTexts(a.name, b.name));
  const assigned = new Map<string, readonly number[]>();
  let next = 1;
  for (const [hotkey, share] of largestRemainder(BigInt(slots), parts, compareTexts)) {
    const own = Number(share);
    if (own > 0)
      assigned.set(
        hotkey,
        Array.from({ length: own }, (_, i) => next + i),
      );
    next += own;
  }
  return assigned;
};

/** Number of slots of these hotkeys together. */
export const countSlots = (slots: Slots, hotkeys: Iterable<string>): number => {
  let count = 0;
  for (const hotkey of hotkeys) count += slots.get(hotkey)?.length ?? 0;
  return count;
};
