import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { CycleSource, FileRequest } from "#shared/replay/source.js";

/**
 * A source for a wait that ends: when `until` aborts, a file that has not come counts as not available (FETCH_TIMEOUT), and the rest is settled
 * without it.
 */
export const whileWaiting = (source: CycleSource, until: AbortSignal): CycleSource => {
  const inTime =
    <T>(get: (file: FileRequest) => Promise<T>) =>
    async (file: FileRequest): Promise<T> => {
      try {
        return await get(file);
      } catch (thrown) {
        if (!until.aborted || isFetchFault(thrown)) throw thrown;
        throw new BlockZeroError(
          "FETCH_TIMEOUT",
          `nobody sent ${file.what ?? file.hash} in time`,
          "it is asked for again in the next cycle",
        );
      }
    };
  return { ...source, fetch: inTime(source.fetch), open: inTime(source.open) };
};
