import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { describeHolder, STOP_ELSEWHERE } from "./describe-holder.js";
import { tryLock } from "./lock-file.js";

/**
 * Claims a home, made if absent, for this process; the result lets it go. The claim of a process that is gone is taken over.
 * Throws `BlockZeroError` HOME_IN_USE.
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
