/**
 * The reputations that validators state in their checks of a Sprint are those after the duty of the newest Sprint up to two cycles before it,
 * which was closed when they begin to check. So the agreed reputations do not include Sprints after the cycle that is returned.
 *
 * @param before the Sprints before a cycle, ascending
 * @returns a cycle; −1 if there is no Sprint
 */
export const notAgreedAfter = (before: readonly { readonly cycle: number }[]): number => {
  const newest = before.at(-1);
  return newest === undefined ? -1 : newest.cycle - 2;
};
