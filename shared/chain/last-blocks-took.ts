import type { Chain } from "./chain.js";

/** Blocks whose pace counts. */
const WINDOW = 8;

/** Seconds that a chain's last blocks took each, the median: one skipped slot is no pace. Null where it has too few. */
export const lastBlocksTook = async (chain: Pick<Chain, "head" | "timestamp">): Promise<number | null> => {
  const { number: last } = await chain.head();
  // Block 0 is as old as the chain's genesis says.
  const first = Math.max(1, last - WINDOW);
  const blocks = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
  const times = await Promise.all(blocks.map((block) => chain.timestamp(block)));
  const took = times.slice(1).map((time, at) => time - times[at]!);
  const median = took.sort((a, b) => a - b)[took.length >> 1];
  return median === undefined ? null : median / 1000;
};
