export interface ReadingOptions {
  /** The first cycle that is read at all. */
  readonly first: number;
  /** Newest cycles that are kept, and remembered here. */
  readonly kept: number;
  /** How often a cycle is tried. */
  readonly tries: number;
}

/** Which cycles are not to be read again. Remembers as many as are kept, however long the subnet lives. */
export interface ReadingProgress {
  /** The oldest cycle that is still read while `newest` is the newest. What is older is forgotten, and not read any more. */
  oldest(newest: number): number;
  /** Whether nothing more is to be read of it: it is settled, or gone, or failed too often. */
  isOver(cycle: number): boolean;
  over(cycle: number): void;
  failed(cycle: number): void;
  /** Cycles that are remembered. */
  readonly size: number;
}

export const readingProgress = ({ first, kept, tries }: ReadingOptions): ReadingProgress => {
  const over = new Set<number>();
  const failures = new Map<number, number>();
  return {
    oldest(newest) {
      const oldest = Math.max(first, newest - kept + 1);
      for (const known of [over, failures]) for (const cycle of known.keys()) if (cycle < oldest) known.delete(cycle);
      return oldest;
    },
    isOver: (cycle) => over.has(cycle) || (failures.get(cycle) ?? 0) >= tries,
    over: (cycle) => {
      over.add(cycle);
      failures.delete(cycle);
    },
    failed: (cycle) => void failures.set(cycle, (failures.get(cycle) ?? 0) + 1),
    get size() {
      return over.size + failures.size;
    },
  };
};
