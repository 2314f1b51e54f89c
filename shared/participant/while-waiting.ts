import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { CycleSource } from "#shared/replay/source.js";

/** A source of which a file that is still waited for when the wait is over is one that cannot be had: the rest is settled without it. */
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
