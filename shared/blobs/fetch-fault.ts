import { BlockZeroError } from "#shared/errors/error.js";
import { fetchErrors } from "#shared/errors/fetching.js";

/** Whether a fault is one of the coded faults of fetching: a file was not available, or its bytes were wrong. */
export const isFetchFault = (thrown: unknown): thrown is BlockZeroError =>
  thrown instanceof BlockZeroError && Object.hasOwn(fetchErrors, thrown.code);
