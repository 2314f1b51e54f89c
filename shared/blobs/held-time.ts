export interface HeldTime {
  /** @param ms milliseconds for which it held a slot */
  add(from: string, ms: number): void;
  /** In quarters of a turn. Half of it is forgotten after sixty turns. */
  of(from: string): number;
}

/** So many turns after it, time that somebody held a slot counts half: until all hotkeys of a subnet had a few slots in turns. */
const HALF_LIFE_TURNS = 60;
/** More are remembered only while each of them held a slot for a quarter of a turn lately. */
const REMEMBERED = 16_384;

/**
 * For how long everybody held slots lately.
 *
 * @param turnMs milliseconds; undefined where nobody holds one in turns: then all are equal
 * @param now    milliseconds of a monotonic clock
 */
export const heldTime = (turnMs: number | undefined, now: () => number): HeldTime => {
  if (turnMs === undefined) return { add: () => {}, of: () => 0 };
  const times = new Map<string, { readonly ms: number; readonly at: number }>();
  const msOf = (from: string): number => {
    const time = times.get(from);
    return time === undefined ? 0 : time.ms * 2 ** ((time.at - now()) / (HALF_LIFE_TURNS * turnMs));
  };
  const of = (from: string) => Math.floor((4 * msOf(from)) / turnMs);
  return {
    of,
    add: (from, ms) => {
      times.set(from, { ms: msOf(from) + ms, at: now() });
      if (times.size > REMEMBERED) for (const other of times.keys()) if (of(other) === 0) times.delete(other);
    },
  };
};
