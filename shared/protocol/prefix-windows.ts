import type { Network } from "./network.js";
import { type BlockRange, phaseWindow } from "./phases.js";
import { seedBlocks } from "./seed.js";

const THIRDS = 3;

/** Blocks before the end of its window at which a record of first nonces is made, so that it is included. */
export const PREFIX_BLOCKS = 3;

/**
 * Blocks of the time to search at least. A miner of an even pace records at ⌈blocks / 3⌉ − `PREFIX_BLOCKS` of them, and its proof is made two blocks
 * before their end: with fewer the first record has less than the sixth of all nonces that it must have.
 */
export const LEAST_SEARCH = 16;

/** The blocks of a cycle's evaluate phase in which everybody knows the inputs' seed. */
const searchWindow = (cycle: number, network: Pick<Network, "phases" | "beacon">): BlockRange => ({
  start: seedBlocks(cycle, "sprint-inputs", network).deciding,
  end: phaseWindow(cycle, "evaluate", network.phases).end,
});

/**
 * The blocks in which a member's records of its first nonces count: those of the evaluate phase to a third, and from there to two thirds, of the time
 * to search. That time begins at the block that decides the inputs' seed, the latest at which anybody knows it.
 */
export const prefixWindows = (
  cycle: number,
  network: Pick<Network, "phases" | "beacon">,
): readonly [BlockRange, BlockRange] => {
  const { start, end } = searchWindow(cycle, network);
  const at = (thirds: number) => start + Math.ceil(((end - start) * thirds) / THIRDS);
  return [
    { start: phaseWindow(cycle, "evaluate", network.phases).start, end: at(1) },
    { start: at(1), end: at(2) },
  ];
};

/** Whether the time to search is long enough for records of its thirds. */
export const hasTimeForPrefixes = (network: Pick<Network, "phases" | "beacon">): boolean => {
  const { start, end } = searchWindow(0, network);
  return end - start >= LEAST_SEARCH;
};
