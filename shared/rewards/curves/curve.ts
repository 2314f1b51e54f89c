/**
 * Scores, best first, and the independence of each → shares of one pool in the same order: non-negative, summing to 1, or all 0 when nothing is
 * earned. Without independence everybody counts as one.
 *
 * A share is what the curve pays for a score, times the independence. Where a curve pays by places, each takes as much of one as it is
 * independent, from where the one before it ends: copies of one training fill one place together, and who is nobody's own takes none.
 */
export type RewardCurve = (scores: readonly number[], independence?: readonly number[]) => readonly number[];

/** Scales non-negative parts so that they sum to 1. Parts that sum to 0 stay. */
export const normalise = (parts: readonly number[]): readonly number[] => {
  const total = sumOf(parts);
  return total > 0 ? parts.map((part) => part / total) : parts;
};

const sumOf = (parts: readonly number[]): number => parts.reduce((sum, part) => sum + part, 0);

/** A stretch of places, of which the first goes from 0 to 1. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The stretch that each takes. A miner without a positive score takes none. */
export const stretchesOf = (scores: readonly number[], independence?: readonly number[]): readonly Stretch[] => {
  let end = 0;
  return scores.map((score, i) => {
    const from = end;
    if (score > 0) end += independence?.[i] ?? 1;
    return { from, to: end };
  });
};

/** What each place before an end earns, by its number from 0 on, never increasing. */
export interface Places {
  readonly end: number;
  readonly partOf: (place: number) => number;
}

/** What a stretch earns of places. */
export const partAlong = ({ from, to }: Stretch, { end, partOf }: Places): number => {
  const last = Math.min(to, end);
  let part = 0;
  for (let place = Math.floor(from); place < last; place++)
    part += partOf(place) * (Math.min(last, place + 1) - Math.max(from, place));
  return part;
};

/** The pool's division between the leaders' places and all others. */
export interface LeadersAndRest {
  readonly leaders: Places;
  /** What a whole place behind the leaders earns, by its holder's score, beside the others behind. */
  readonly partBehind: (score: number) => number;
  /** Share of the pool for those behind. */
  readonly rest: number;
}

/**
 * Divides the pool between the leaders and all others. What is before the end of the leaders' places and what is behind it are each paid from their
 * own pot; the second pot holds `rest`. If that would pay a place more than the last leader's, the second pot is cut until it does not. If the second
 * group earns nothing, its pot goes to the leaders.
 */
export const leadersAndRest = (
  scores: readonly number[],
  independence: readonly number[] | undefined,
  { leaders, partBehind, rest }: LeadersAndRest,
): readonly number[] => {
  const { end, partOf } = leaders;
  const stretches = stretchesOf(scores, independence);
  const ahead = stretches.map((stretch) => partAlong(stretch, leaders));
  const behind = stretches.map(({ from, to }, i) =>
    to > end ? partBehind(scores[i]!) * (to - Math.max(from, end)) : 0,
  );
  const next = behind.findIndex((part) => part > 0);
  let pot = 0;
  if (next >= 0) {
    let last = end - 1;
    while (last > 0 && !(partOf(last) > 0)) last--;
    const [least, most] = [partOf(last) / sumOf(ahead), partBehind(scores[next]!) / sumOf(behind)];
    pot = Math.min(rest, least / (most + least));
  }
  const [leading, following] = [normalise(ahead), normalise(behind)];
  return leading.map((part, i) => part * (1 - pot) + following[i]! * pot);
};
