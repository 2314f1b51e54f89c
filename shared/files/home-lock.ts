import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { describeHolder, STOP_ELSEWHERE } from "./describe-holder.js";
import { tryLock } from "./lock-file.js";

/**
 * Claims a home for this process, and creates it if absent. Returns a function that releases it. The claim of a process that has ended is
 * taken over. Throws `BlockZeroError` HOME_IN_USE.
 */
export const lockHome = (home: string): (() => void) => {
  const attempt = tryLock(join(home, "lock"));
  if (attempt.isHeld) return attempt.release;
  throw new BlockZeroError(
    "HOME_IN_USE",
    `${home} is in use by ${describeHolder(attempt.holder)}`,
    attempt.holder.elsewhere === undefined
      ? "stop that process, or choose another home"
      : `${STOP_ELSEWHERE}, or choose another home`,
  );
};
