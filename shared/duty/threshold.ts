import { sumStake } from "#shared/protocol/voting/stake.js";
import { MILLION } from "#shared/util/fraction.js";
import type { DutyTarget } from "./target.js";

/** Weights of those who may be on duty, fixed before the beacon. Hotkey → weight, not negative. */
export type Weights = ReadonlyMap<string, bigint>;

/** Draws are below this. */
export const ALL_DRAWS = 2n ** 64n;

/**
 * The threshold below which a verifier's draw puts it on duty: ⌊2⁶⁴ · target · w / (W − w of the executor)⌋, at most 2⁶⁴. So the expected number of
 * verifiers is the target, however weight is split among hotkeys. 0 for the executor itself and whoever has no weight.
 */
export const dutyThreshold = (
  { target, isEverybody }: Pick<DutyTarget, "target" | "isEverybody">,
  verifier: string,
  executor: string,
  weights: Weights,
): bigint => {
  const weight = weights.get(verifier) ?? 0n;
  if (verifier === executor || weight <= 0n) return 0n;
  if (isEverybody) return ALL_DRAWS;
  const others = sumStake(weights.values()) - (weights.get(executor) ?? 0n);
  const threshold = (ALL_DRAWS * BigInt(target) * weight) / (BigInt(MILLION) * others);
  return threshold < ALL_DRAWS ? threshold : ALL_DRAWS;
};

/** A threshold as a probability in millionths, rounded down, for people. */
export const probabilityOf = (threshold: bigint): number => Number((threshold * BigInt(MILLION)) / ALL_DRAWS);
