import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
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
    `${home} is in use by process ${attempt.pid}`,
    "stop that process, or choose another home",
  );
};
