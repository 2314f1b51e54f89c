/**
 * Moves the wall clock of this process, `Date` in all its uses; timers and `performance.now()` go on as they do when an operator or NTP sets the
 * clock of a machine. No other process is concerned, and no right is needed.
 *
 * @returns sets the clock to so many milliseconds ahead of the machine's
 */
export const moveClock = (): ((aheadMs: number) => void) => {
  const real = Date.now.bind(Date);
  let ahead = 0;
  Date.now = () => real() + ahead;
  globalThis.Date = new Proxy(Date, {
    construct: (target, given, like) => Reflect.construct(target, given.length === 0 ? [target.now()] : given, like),
    apply: (target) => new target(target.now()).toString(),
  });
  return (aheadMs) => {
    ahead = aheadMs;
  };
};
