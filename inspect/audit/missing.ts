import { BlockZeroError } from "#shared/errors/error.js";
import { isGone } from "#shared/replay/is-gone.js";

const NOT_AUDITABLE = "NOT_AUDITABLE";

/** An error that names what is not available, and why. */
export const missing = (what: string): BlockZeroError =>
  new BlockZeroError(NOT_AUDITABLE, what, "audit sooner, or where it is kept");

export const isMissing = (thrown: unknown): thrown is BlockZeroError =>
  isGone(thrown) || (thrown instanceof BlockZeroError && thrown.code === NOT_AUDITABLE);

/** Names what is not available if the work fails. */
export const naming = <T>(what: string, work: Promise<T>): Promise<T> =>
  work.catch((thrown: unknown) => {
    throw isMissing(thrown) ? missing(`${what}: ${thrown.message}`) : thrown;
  });

/** For `catch`: null if something is not available. */
export const orNull = (thrown: unknown): null => {
  if (isMissing(thrown)) return null;
  throw thrown;
};
