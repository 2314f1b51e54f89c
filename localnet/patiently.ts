import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { againAtBlocks } from "#shared/participant/at-every-block.js";
import type { BlockClock } from "#shared/participant/block-clock.js";

/**
 * Does work that needs others' files, again with each block while they cannot be had: their servers may be busy, or starting again.
 *
 * @param until block from which a fault is thrown
 * @throws what the work throws
 */
export const patiently = <T>(
  context: { readonly clock: Pick<BlockClock, "head" | "reach">; readonly signal: AbortSignal },
  until: number,
  work: () => Promise<T>,
): Promise<T> => againAtBlocks(context, (thrown, tried) => isFetchFault(thrown) && tried < until, work);
