import { compareTexts } from "#shared/protocol/compare-texts.js";
import { MAX_CONTRIBUTORS } from "#shared/protocol/network-file/contribution-rules.js";
import { sumStake } from "#shared/protocol/voting/stake.js";
import { wholeWeights } from "../weights.js";

/**
 * Who contributes: the hotkeys of the highest weights, of equal ones the lower hotkey first, until they have two thirds of all weight or
 * are 64. Ascending hotkeys.
 */
export const chooseContributors = (
  weights: Iterable<readonly [string, number]>,
  most: number = MAX_CONTRIBUTORS,
): readonly string[] => {
  const whole = wholeWeights(weights);
  const total = sumStake(whole.values());
  const ranked = [...whole].sort(([a, x], [b, y]) => (x === y ? compareTexts(a, b) : x > y ? -1 : 1));
  const chosen: string[] = [];
  let sum = 0n;
  for (const [hotkey, weight] of ranked) {
    if (chosen.length === most || 3n * sum >= 2n * total) break;
    chosen.push(hotkey);
    sum += weight;
  }
  return chosen.sort(compareTexts);
};
