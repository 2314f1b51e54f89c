import { join } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { describeHolder, STOP_ELSEWHERE } from "./describe-holder.js";
import { type LockAttempt, tryLock } from "./lock-file.js";

/**
 * Claims a home for this process, and creates it if absent. Returns a function that releases it. The claim of a process that has ended is
 * taken over. Throws `BlockZeroError` HOME_IN_USE, FILE_UNWRITABLE.
 */
export const lockHome = (home: string): (() => void) => {
  const attempt = attemptLock(home);
  if (attempt.isHeld) return attempt.release;
  throw new BlockZeroError(
    "HOME_IN_USE",
    `${home} is in use by ${describeHolder(attempt.holder)}`,
    attempt.holder.elsewhere === undefined
      ? "stop that process, or choose another home"
      : `${STOP_ELSEWHERE}, or choose another home`,
  );
};

const attemptLock = (home: string): LockAttempt => {
  try {
    return tryLock(join(home, "lock"));
  } catch (cause) {
    throw new BlockZeroError(
      "FILE_UNWRITABLE",
      `${home} cannot be written: ${reasonOf(cause)}`,
      "free space there, or choose a folder that this user can write",
      { cause },
    );
  }
};
