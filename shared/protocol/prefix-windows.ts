import type { Network } from "./network.js";
import { type BlockRange, phaseWindow } from "./phases.js";
import { seedBlocks } from "./seed.js";

const THIRDS = 3;

/** Blocks of a third of the time to search at least: a record must be sent, and included, within them. */
export const LEAST_THIRD = 3;

/** The blocks of a cycle's evaluate phase in which everybody knows the inputs' seed. */
const searchWindow = (cycle: number, network: Pick<Network, "phases" | "beacon">): BlockRange => ({
  start: seedBlocks(cycle, "sprint-inputs", network).deciding,
  end: phaseWindow(cycle, "evaluate", network.phases).end,
});

/**
 * The blocks in which a member's records of its first nonces count: those of the evaluate phase to a third, and from there to two thirds, of the time to
 * search. That time begins at the block that decides the inputs' seed, the latest at which anybody knows it.
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

/** Whether a third of the time to search is long enough for its record. */
export const hasTimeForPrefixes = (network: Pick<Network, "phases" | "beacon">): boolean => {
  const { start, end } = searchWindow(0, network);
  return end - start >= THIRDS * LEAST_THIRD;
};
