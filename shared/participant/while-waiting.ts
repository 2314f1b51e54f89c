import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { CycleSource } from "#shared/replay/source.js";

/**
 * A source for a wait that ends: when `until` aborts, a file that has not come counts as not available (FETCH_TIMEOUT), and the rest is settled
 * without it.
 */
export const whileWaiting = (source: CycleSource, until: AbortSignal): CycleSource => ({
  ...source,
  fetch: async (file) => {
    try {
      return await source.fetch(file);
    } catch (thrown) {
      if (!until.aborted || isFetchFault(thrown)) throw thrown;
      throw new BlockZeroError(
        "FETCH_TIMEOUT",
        `nobody sent ${file.what ?? file.hash} in time`,
        "it is asked for again in the next cycle",
      );
    }
  },
});
