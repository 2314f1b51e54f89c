/** Measures how long the parts of a task took. */
export interface Stopwatch {
  /** Ends a part. Each part begins at the end of the one before. */
  lap(part: string): void;
  /** By part, whole milliseconds. */
  milliseconds(): Readonly<Record<string, number>>;
}

/** @param now milliseconds of a monotonic clock */
export const startStopwatch = (now: () => number = () => performance.now()): Stopwatch => {
  const parts: Record<string, number> = {};
  let begun = now();
  return {
    lap(part) {
      const ended = now();
      parts[part] = Math.round(ended - begun);
      begun = ended;
    },
    milliseconds: () => parts,
  };
};
