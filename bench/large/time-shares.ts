/** Where time goes, while one thing is done after another. */
export interface TimeShares<Part extends string> {
  /** Does work whose time is the part's, but for what is done in between for other parts. */
  during<T>(part: Part, work: () => Promise<T>): Promise<T>;
  /** Seconds of each part so far: together all that have passed. */
  seconds(): Readonly<Record<Part, number>>;
}

/**
 * Shares the time from now on out among parts.
 *
 * @param rest the part of all that no `during` takes
 * @param now  milliseconds
 */
export const timeShares = <Part extends string>(
  parts: readonly Part[],
  rest: Part,
  now: () => number = () => performance.now(),
): TimeShares<Part> => {
  const taken = new Map(parts.map((part) => [part, 0]));
  /** What is under way, the innermost last. */
  const under: Part[] = [rest];
  let since = now();
  const count = (): void => {
    const at = now();
    const part = under.at(-1)!;
    taken.set(part, taken.get(part)! + (at - since) / 1000);
    since = at;
  };
  return {
    async during(part, work) {
      count();
      under.push(part);
      try {
        return await work();
      } finally {
        count();
        under.splice(under.lastIndexOf(part), 1);
      }
    },
    seconds() {
      count();
      return Object.fromEntries(taken) as Record<Part, number>;
    },
  };
};
