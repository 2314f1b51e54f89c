import { newestAgreement } from "#shared/reputation/agreed-reputations.js";

interface Agreeing {
  readonly cycle: number;
  readonly reputations: unknown;
}

/**
 * The reputations that validators state in their checks of a Sprint are those after the duty of the newest Sprint up to two cycles before it,
 * which was closed when they begin to check. So the agreed reputations do not include Sprints after the cycle that is returned.
 *
 * @param before the Sprints before a cycle, ascending
 * @param known  the same, as they were settled; undefined for those that are not known. Where it is not known which agreed on reputations, it is as
 *               if the newest had
 * @returns a cycle; −1 if no Sprint agreed on any: all were newcomers
 */
export const notAgreedAfter = (
  before: readonly { readonly cycle: number }[],
  known: readonly (Agreeing | undefined)[],
): number => {
  const agreedIn = newestAgreement(known) ?? (known.includes(undefined) ? before.at(-1) : undefined);
  return agreedIn === undefined ? -1 : agreedIn.cycle - 2;
};
