import type { BlockRange } from "#shared/protocol/phases.js";

/**
 * The last block of a range whose timestamp, milliseconds since the epoch, is in time. Null if there is none. Timestamps ascend, and what
 * is in time was so before, so it reads about log₂(length) of them.
 */
export const lastBlockInTime = async (
  { start, end }: BlockRange,
  isInTime: (timestamp: number) => boolean,
  timestamp: (block: number) => Promise<number>,
): Promise<number | null> => {
  let [first, behind] = [start, end];
  while (first < behind) {
    const middle = Math.floor((first + behind) / 2);
    if (isInTime(await timestamp(middle))) first = middle + 1;
    else behind = middle;
  }
  return first > start ? first - 1 : null;
};
