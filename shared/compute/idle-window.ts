import type { Network } from "#shared/protocol/network.js";
import { BLOCKS_TO_RECORD, type BlockRange, phaseWindow } from "#shared/protocol/phases.js";
import { MILLION } from "#shared/util/fraction.js";

/**
 * The blocks in which a record of idle time counts: the phase of a Sprint's search, the blocks for its record left out, times `window`, and then the
 * blocks for the record. So a search lasts that part of a Sprint's, and their counts can be compared without a clock.
 */
export const idleWindow = (cycle: number, { phases, sprint }: Pick<Network, "phases" | "sprint">): BlockRange => {
  const { start, end } = phaseWindow(cycle, "evaluate", phases);
  const searched = Math.max(0, end - start - BLOCKS_TO_RECORD);
  const part = Math.ceil((Math.round(MILLION * (sprint?.idle?.window ?? 1)) * searched) / MILLION);
  return { start, end: Math.min(end, start + part + BLOCKS_TO_RECORD) };
};
