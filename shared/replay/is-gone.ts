import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { type BlockZeroError, hasCode } from "#shared/errors/error.js";

/** Whether data is missing because of its age, not because of a fault. */
export const isGone = (thrown: unknown): thrown is BlockZeroError =>
  isFetchFault(thrown) || hasCode(thrown, "STATE_DISCARDED");
