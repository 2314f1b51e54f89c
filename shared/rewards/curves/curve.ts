/** Scores, best first → shares of one pool in the same order: non-negative, summing to 1, or all 0 when nothing is earned. */
export type RewardCurve = (scores: readonly number[]) => readonly number[];

/** Scales non-negative parts so that they sum to 1. Parts that sum to 0 stay. */
export const normalise = (parts: readonly number[]): readonly number[] => {
  const total = parts.reduce((sum, part) => sum + part, 0);
  return total > 0 ? parts.map((part) => part / total) : parts;
};

/**
 * Divides the pool between the leaders and all others. The parts before `leaders` and the parts after it are each paid from their own pot;
 * the second pot holds `rest`. If that would pay somebody more than the last leader, the second pot is cut until it does not. If the second
 * group earns nothing, its pot goes to the leaders.
 */
export const leadersAndRest = (parts: readonly number[], leaders: number, rest: number): readonly number[] => {
  const ahead = normalise(parts.slice(0, leaders));
  const behind = normalise(parts.slice(leaders));
  const last = ahead.findLast((part) => part > 0) ?? 0;
  const first = behind[0] ?? 0;
  const pot = first > 0 ? Math.min(rest, last / (first + last)) : 0;
  return [...ahead.map((part) => part * (1 - pot)), ...behind.map((part) => part * pot)];
};
