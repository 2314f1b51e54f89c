import { sumStake } from "#shared/protocol/stake.js";
import { compareTexts, wholeWeights } from "../weights.js";

/** Hotkey → the slots that it holds, numbered from 1, in ascending order. Members in ascending order of hotkeys. */
export type Slots = ReadonlyMap<string, readonly number[]>;

/**
 * Shares out slots by weight with the largest remainder: each gets ⌊slots · weight / sum⌋, and those with the largest remainders one more,
 * of equal ones the lower hotkey first. Slots are numbered by ascending hotkey; who gets none is no member. Empty if nobody has weight.
 */
export const assignSlots = (weights: Iterable<readonly [string, number]>, slots: number): Slots => {
  const whole = [...wholeWeights(weights)].sort(([a], [b]) => compareTexts(a, b));
  const total = sumStake(whole.map(([, weight]) => weight));
  if (total === 0n) return new Map();
  const quotas = whole.map(([hotkey, weight]) => {
    const product = weight * BigInt(slots);
    return { hotkey, count: Number(product / total), remainder: product % total };
  });
  const left = slots - quotas.reduce((sum, { count }) => sum + count, 0);
  const favoured = new Set(
    [...quotas]
      .sort((a, b) =>
        a.remainder === b.remainder ? compareTexts(a.hotkey, b.hotkey) : a.remainder > b.remainder ? -1 : 1,
      )
      .slice(0, left)
      .map(({ hotkey }) => hotkey),
  );
  const assigned = new Map<string, readonly number[]>();
  let next = 1;
  for (const { hotkey, count } of quotas) {
    const own = count + (favoured.has(hotkey) ? 1 : 0);
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
