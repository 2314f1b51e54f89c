import { join } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { describeHolder, STOP_ELSEWHERE } from "./describe-holder.js";
import { type LockAttempt, tryLock } from "./lock-file.js";

/** A home that this process claimed. */
export interface HeldHome {
  /** Throws `BlockZeroError` HOME_IN_USE if another process took it over while this one stood still. */
  check(): void;
  release(): void;
}

/**
 * Claims a home for this process, and creates it if absent. The claim of a process that has ended is taken over, and so is that of one in
 * another container or on another machine that stood still for a minute. Throws `BlockZeroError` HOME_IN_USE, FILE_UNWRITABLE.
 *
 * @param onLost called once with a HOME_IN_USE when it was taken over from this process, which must not write in it any more
 */
export const holdHome = (home: string, onLost: (error: BlockZeroError) => void = () => {}): HeldHome => {
  const attempt = attemptLock(home, () => onLost(takenOver(home)));
  if (attempt.isHeld)
    return {
      release: attempt.release,
      check: () => {
        if (!attempt.isKept()) throw takenOver(home);
      },
    };
  throw new BlockZeroError(
    "HOME_IN_USE",
    `${home} is in use by ${describeHolder(attempt.holder)}`,
    attempt.holder.elsewhere === undefined
      ? "stop that process, or choose another home"
      : `${STOP_ELSEWHERE}, or choose another home`,
  );
};

/** The same for work that does not look at its claim itself. Returns a function that releases it. */
export const lockHome = (home: string, onLost: (error: BlockZeroError) => void): (() => void) =>
  holdHome(home, onLost).release;

const takenOver = (home: string): BlockZeroError =>
  new BlockZeroError(
    "HOME_IN_USE",
    `${home} was taken over by another process, or its lock was deleted, while this one stood still`,
    "let one program use it: stop the other, then start this one again",
  );

const attemptLock = (home: string, onLost: () => void): LockAttempt => {
  try {
    return tryLock(join(home, "lock"), onLost);
  } catch (cause) {
    throw new BlockZeroError(
      "FILE_UNWRITABLE",
      `${home} cannot be written: ${reasonOf(cause)}`,
      "free space there, or choose a folder that this user can write",
      { cause },
    );
  }
};
