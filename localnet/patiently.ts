import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { BlockClock } from "#shared/participant/block-clock.js";

/**
 * Does work that needs others' files, again with each block while they cannot be had: their servers may be busy, or starting again.
 *
 * @param until block from which a fault is thrown
 * @throws what the work throws
 */
export const patiently = async <T>(
  { clock, signal }: { readonly clock: Pick<BlockClock, "head" | "reach">; readonly signal: AbortSignal },
  until: number,
  work: () => Promise<T>,
): Promise<T> => {
  for (;;) {
    const tried = clock.head.number;
    try {
      return await work();
    } catch (thrown) {
      signal.throwIfAborted();
      if (!isFetchFault(thrown) || tried >= until) throw thrown;
    }
    await clock.reach(tried + 1, signal);
  }
};
