import type { PhaseLengths } from "#shared/protocol/phase-lengths.js";
import { type BlockRange, phaseWindow } from "#shared/protocol/phases.js";
import { decidingBlock } from "#shared/protocol/seed.js";

/** The blocks of a cycle's value. */
export interface BeaconWindows {
  /** Blocks for seal records: the merge phase of the cycle before, in which no contributor has another record to write. */
  readonly sealing: BlockRange;
  /** Blocks for what others say of them: held records, a group's signature. The cycle's commit phase, in which no validator has. */
  readonly holding: BlockRange;
  /** The block of the reveal phase whose state decides whether a pulse is there. */
  readonly deciding: number;
}

/** `sealing` is empty for cycle 0, which no cycle comes before. */
export const beaconWindows = (cycle: number, phases: PhaseLengths): BeaconWindows => {
  const holding = phaseWindow(cycle, "commit", phases);
  const sealing = cycle === 0 ? { start: 0, end: 0 } : phaseWindow(cycle - 1, "merge", phases);
  return { sealing, holding, deciding: decidingBlock(phaseWindow(cycle, "reveal", phases)) };
};
