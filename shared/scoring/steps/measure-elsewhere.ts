import { ENOUGH_TIME, type MeasuringTime } from "../measuring-time.js";
import { paired, type StepMeasurement, type StepReduction } from "./measure-steps.js";

interface Elsewhere {
  /** In the order in which they are measured. */
  readonly candidates: readonly number[];
  /** Number of batches of the other groups' text. */
  readonly batches: number;
  /** Their losses, as of `measureSteps`. */
  readonly losses: StepMeasurement["losses"];
  readonly ahead: StepMeasurement["ahead"];
  readonly time: MeasuringTime | undefined;
  /** Milliseconds that a batch took so far. */
  readonly perBatch: number;
}

/** What was measured of steps on the text of the other groups. */
interface MeasuredElsewhere {
  /** By candidate. */
  readonly reductions: ReadonlyMap<number, StepReduction>;
  /** Number of forward passes of a batch, including the base's. */
  readonly passes: number;
  /** Whether time was up before all were measured. */
  readonly isShort: boolean;
}

/** Measures steps against the base on the text of the other groups, as many of them as there is time for. */
export const measureElsewhere = async ({
  candidates,
  batches,
  losses,
  ahead,
  time = ENOUGH_TIME,
  perBatch,
}: Elsewhere): Promise<MeasuredElsewhere> => {
  const reductions = new Map<number, StepReduction>();
  if (batches < 2 || candidates.length === 0) return { reductions, passes: 0, isShort: false };
  const each = perBatch * batches;
  const inTime = candidates.filter((_, i) => (i + 2) * each <= time.left());
  if (inTime.length === 0) return { reductions, passes: 0, isShort: true };
  await ahead?.([null, ...inTime], 0, batches);
  const base = await losses(null, 0, batches);
  let passes = batches;
  for (const candidate of inTime) {
    if (!ahead && each > time.left()) break;
    reductions.set(candidate, paired(base, await losses(candidate, 0, batches)));
    passes += batches;
  }
  return { reductions, passes, isShort: reductions.size < candidates.length };
};
