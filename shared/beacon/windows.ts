import type { PhaseLengths } from "#shared/protocol/phase-lengths.js";
import { type BlockRange, phaseWindow } from "#shared/protocol/phases.js";

/** The blocks of a cycle's value. */
export interface BeaconWindows {
  /** Blocks for seal records: the merge phase of the cycle before, in which no contributor has another record to write. */
  readonly sealing: BlockRange;
  /** Blocks for what others say of them: held records, a group's signature. The cycle's commit phase, in which no validator has. */
  readonly holding: BlockRange;
  /** The block whose state decides whether a pulse is there: a quarter of the reveal phase after its first, rounded up, and within the phase. */
  readonly deciding: number;
}

/** Share of the reveal phase in which a pulse is awaited. */
const PATIENCE = 1 / 4;

/** `sealing` is empty for cycle 0, which no cycle comes before. */
export const beaconWindows = (cycle: number, phases: PhaseLengths): BeaconWindows => {
  const holding = phaseWindow(cycle, "commit", phases);
  const { start, end } = phaseWindow(cycle, "reveal", phases);
  const wait = Math.min(Math.ceil((end - start) * PATIENCE), end - start - 1);
  const sealing = cycle === 0 ? { start: 0, end: 0 } : phaseWindow(cycle - 1, "merge", phases);
  return { sealing, holding, deciding: start + wait };
};
