import { BlockZeroError } from "#shared/errors/error.js";
import { fetchErrors } from "#shared/errors/fetching.js";

/** A file could not be had, or what was had is not it: any of the coded faults of fetching. */
export const isFetchFault = (thrown: unknown): thrown is BlockZeroError =>
  thrown instanceof BlockZeroError && Object.hasOwn(fetchErrors, thrown.code);
