import { sumStake } from "#shared/protocol/voting/stake.js";
import { MILLION } from "#shared/util/fraction.js";
import type { DutyTarget } from "./target.js";
import type { Weights } from "./threshold.js";

/**
 * What one duty counts where verifiers are paid, in millionths: 10⁶ where a draw decided who is on duty, and ⌊10⁶ · w / (W − w of the executor)⌋
 * where everybody is. That is what a draw would give on average, so splitting weight among hotkeys gains nothing: counted alike, a hundred
 * hotkeys of one nonce each would get a hundred times the pay of one of a million.
 *
 * @param verifier one that may be on duty for the executor's tasks
 */
export const dutyCredit = (
  { isEverybody }: Pick<DutyTarget, "isEverybody">,
  verifier: string,
  executor: string,
  weights: Weights,
): number => {
  const weight = weights.get(verifier) ?? 0n;
  if (verifier === executor || weight <= 0n) return 0;
  if (!isEverybody) return MILLION;
  const others = sumStake(weights.values()) - (weights.get(executor) ?? 0n);
  return Number((BigInt(MILLION) * weight) / others);
};
