import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import { type BlockRange, phaseWindow } from "#shared/protocol/phases.js";
import { decidingBlock } from "#shared/protocol/seed.js";

/** The blocks of a cycle's value. */
export interface BeaconWindows {
  /**
   * Blocks for seal records: the first half of the cycle's train phase, in which nobody has another record to write. Under a file that succeeds
   * another a validator's model record may still count in its first cycle: `commitRecord` waits.
   */
  readonly sealing: BlockRange;
  /** Blocks for what others say of them: held records, and partial signatures of a group. The cycle's commit phase, in which no validator has. */
  readonly holding: BlockRange;
  /** Blocks for a group's signature: the reveal phase up to the block that decides. */
  readonly signing: BlockRange;
  /** The block of the reveal phase whose state decides whether a pulse is there. */
  readonly deciding: number;
}

/** `sealing` is empty where the train phase is one block. */
export const beaconWindows = (cycle: number, phases: PhaseLengths): BeaconWindows => {
  const holding = phaseWindow(cycle, "commit", phases);
  const { start, end } = phaseWindow(cycle, "train", phases);
  const sealing = { start, end: start + Math.floor((end - start) / 2) };
  const reveal = phaseWindow(cycle, "reveal", phases);
  const deciding = decidingBlock(reveal);
  return { sealing, holding, signing: { start: reveal.start, end: deciding + 1 }, deciding };
};
