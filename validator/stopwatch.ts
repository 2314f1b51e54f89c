/** Tells what the parts of a task took. */
export interface Stopwatch {
  /** Ends a part, which began with the one before. */
  lap(part: string): void;
  /** By part, whole milliseconds. */
  milliseconds(): Readonly<Record<string, number>>;
}

/** @param now milliseconds of a clock that does not jump */
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
