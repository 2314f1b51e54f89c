import type { PhaseLengths } from "./network-file/phase-lengths.js";

/** The phases of a cycle, in order. */
export const PHASES = ["distribute", "train", "commit", "reveal", "evaluate", "exchange", "choose", "merge"] as const;

export type Phase = (typeof PHASES)[number];

/** Blocks. `end` is the first block after the range. */
export interface BlockRange {
  readonly start: number;
  readonly end: number;
}

/** Whether what is sent once the chain is at block `head` can still be included in a window. */
export const isBlockLeft = ({ end }: BlockRange, head: number): boolean => head < end - 1;

/** Block up to which documents are waited for in a window: what is made of them takes time, and goes on chain in the rest of it. */
export const middleOf = ({ start, end }: BlockRange): number => start + Math.floor((end - start) / 2);

export interface PhasePosition extends BlockRange {
  readonly cycle: number;
  readonly phase: Phase;
  readonly cycleStart: number;
  /** Blocks until `end`, this one included: at least 1. */
  readonly blocksLeft: number;
}

/**
 * Blocks kept free at the end of a window to put its record on chain: the one that is the newest when it is sent, and the one that then includes it.
 */
export const BLOCKS_TO_RECORD = 2;

/** Blocks of a window that has one to spare. */
const LONG_WINDOW = 10;

/**
 * The newest block when a validator ends what takes as long as there is time, such as to measure, or to wait for others: its record can still be put
 * on chain. In a window of ten blocks or more two can include it, so that one that leaves it out, or a node that is a block behind, costs nothing.
 */
export const dueBlock = ({ start, end }: BlockRange): number =>
  end - BLOCKS_TO_RECORD - (end - start < LONG_WINDOW ? 0 : 1);

/** Blocks in a cycle. */
export const cycleLength = (lengths: PhaseLengths): number => PHASES.reduce((sum, phase) => sum + lengths[phase], 0);

/** Which blocks `phase` of `cycle` covers. */
export const phaseWindow = (cycle: number, phase: Phase, lengths: PhaseLengths): BlockRange => {
  let start = cycle * cycleLength(lengths);
  for (const earlier of PHASES) {
    if (earlier === phase) break;
    start += lengths[earlier];
  }
  return { start, end: start + lengths[phase] };
};

/** The cycle and phase of a block: `cycle = ⌊block / length⌋`, the phase from the offset within the cycle. A pure function of the block number. */
export const phaseAt = (block: number, lengths: PhaseLengths): PhasePosition => {
  if (!Number.isSafeInteger(block) || block < 0) throw new RangeError(`not a block number: ${block}`);
  const length = cycleLength(lengths);
  const cycle = Math.floor(block / length);
  const cycleStart = cycle * length;
  let start = cycleStart;
  for (const phase of PHASES) {
    const end = start + lengths[phase];
    if (block < end) return { cycle, phase, cycleStart, start, end, blocksLeft: end - block };
    start = end;
  }
  throw new RangeError("phase lengths must be whole and positive");
};

/** Whether a record included in `block` was in time for `phase` of `cycle`. */
export const isInPhase = (block: number, cycle: number, phase: Phase, lengths: PhaseLengths): boolean => {
  const { start, end } = phaseWindow(cycle, phase, lengths);
  return block >= start && block < end;
};
