/** Who has a slot, or waits for one. */
export interface Asker {
  /** Its class; 0 is the most urgent. */
  readonly urgency: number;
  readonly from: string;
}

export interface SlotLimitOptions {
  /** Milliseconds for which a slot is held at least, whoever waits. Default: for as long as its holder likes. */
  readonly turnMs?: number;
  /** With `turnMs`: milliseconds for which a request waits at most. No more wait than have a slot in this time if each slot is held for a turn. */
  readonly patienceMs?: number;
  /** Number of slots that the last class alone takes. Default: 0. */
  readonly keptForLast?: number;
}

/** How many slots each class may have, and how many of it may wait for one. */
export interface SlotLimits {
  /** How many there are of each class. */
  classesOf(askers: Iterable<Asker>): readonly number[];
  /** Whether one more of a class may have a slot. @param taken slots, by class */
  mayEnter(urgency: number, taken: readonly number[]): boolean;
  /** How many of a class that waits have a slot in time, where all hold theirs for a turn. */
  mostWaiting(urgency: number, waiting: readonly Asker[], held: Iterable<Asker>): number;
}

/** So many times a turn it is looked who has had a slot for long enough. */
export const LOOKS = 4;

/**
 * Those of urgency `i` and less take `limits[i]` slots at most, so that less urgent requests never take the last ones. The most urgent take no more
 * than `limits[1]` either: the rest is for all others.
 */
export const slotLimits = (
  limits: readonly number[],
  { turnMs, patienceMs, keptForLast = 0 }: SlotLimitOptions,
): SlotLimits => {
  const [most = 0, mostFirst = most] = limits;
  const last = limits.length - 1;
  const classesOf = (askers: Iterable<Asker>): readonly number[] => {
    const counts = limits.map(() => 0);
    for (const { urgency } of askers) counts[urgency]! += 1;
    return counts;
  };
  return {
    classesOf,
    mayEnter: (urgency, taken) => {
      const total = taken.reduce((sum, count) => sum + count, 0);
      const lasts = taken[last] ?? 0;
      const kept = urgency === last ? 0 : Math.max(0, keptForLast - lasts);
      const firsts = taken[0] ?? 0;
      if (total + kept >= most) return false;
      if (urgency === 0) return firsts < mostFirst;
      const limit = urgency === last && lasts < keptForLast ? mostFirst : (limits[urgency] ?? 0);
      return total - firsts + kept < limit;
    },
    mostWaiting: (urgency, waiting, held) => {
      if (patienceMs === undefined || turnMs === undefined) return Number.POSITIVE_INFINITY;
      const wanted = classesOf([...held, ...waiting]);
      const others = Math.min(mostFirst, most - Math.min(mostFirst, wanted[0] ?? 0));
      const isNext = waiting.every((one) => one.urgency !== last - 1);
      const places = () => {
        if (urgency === 0) return mostFirst;
        if (urgency < last) return others;
        return isNext ? Math.min(others, limits[last] ?? 0) : Math.max(1, keptForLast);
      };
      return Math.floor((places() * patienceMs) / (turnMs * (1 + 1 / LOOKS)));
    },
  };
};
