import type { BlockTimer } from "#shared/participant/block-timer.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import { BLOCKS_TO_RECORD, phaseWindow } from "#shared/protocol/phases.js";

/** Factor on the time that packing took. */
const MARGIN = 1.25;

/** Share of the train phase that packing is taken to need before it was measured. */
const UNMEASURED_SHARE = 1 / 10;

/** Greatest share of the train phase that is kept for packing. */
const MOST_SHARE = 1 / 2;

/** What a longer packing of an earlier cycle still counts for, a cycle later. */
const FORGETTING = 0.75;

/**
 * The time that packing is taken to need, milliseconds: the last one's, or a longer one's of some cycles ago. On a machine with other work one quick
 * packing says little of the next.
 */
export const packingTime = (before: number | undefined, last: number): number =>
  Math.max(last, FORGETTING * (before ?? 0));

export interface TrainingDeadline {
  readonly timer: BlockTimer | undefined;
  readonly cycle: number;
  readonly phases: PhaseLengths;
  /** Milliseconds from the end of training until the artifact is stored, by earlier cycles (`packingTime`); undefined before one was measured. */
  readonly packing: number | undefined;
}

/**
 * When the last training step must end, in milliseconds of the wall clock (`BlockTimer.expected`): a block before the commit phase begins, and
 * earlier where packing, checking and storing the update take longer than that phase gives. Undefined while the chain's pace is unknown.
 */
export const trainingDeadline = ({ timer, cycle, phases, packing }: TrainingDeadline): number | undefined => {
  const train = phaseWindow(cycle, "train", phases);
  const end = timer?.expected(train.end - 1);
  const pace = timer?.blockTime();
  if (end === undefined || pace === undefined) return end;
  const training = pace * (train.end - train.start);
  const needed = packing === undefined ? UNMEASURED_SHARE * training : MARGIN * packing;
  const given = pace * Math.max(0, phases.commit - BLOCKS_TO_RECORD);
  return end - Math.min(MOST_SHARE * training, Math.max(0, needed - given));
};
