import { BlockZeroError } from "#shared/errors/error.js";
import { isGone } from "#shared/replay/cycle-outcomes.js";

const NOT_AUDITABLE = "NOT_AUDITABLE";

/** What cannot be had, and why. */
export const missing = (what: string): BlockZeroError =>
  new BlockZeroError(NOT_AUDITABLE, what, "audit sooner, or where it is kept");

export const isMissing = (thrown: unknown): thrown is BlockZeroError =>
  isGone(thrown) || (thrown instanceof BlockZeroError && thrown.code === NOT_AUDITABLE);

/** Says what it is that cannot be had. */
export const naming = <T>(what: string, work: Promise<T>): Promise<T> =>
  work.catch((thrown: unknown) => {
    throw isMissing(thrown) ? missing(`${what}: ${thrown.message}`) : thrown;
  });

/** For `catch`: null in place of what cannot be had. */
export const orNull = (thrown: unknown): null => {
  if (isMissing(thrown)) return null;
  throw thrown;
};
