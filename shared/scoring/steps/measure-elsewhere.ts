import { ENOUGH_TIME, type MeasuringTime } from "../measuring-time.js";
import { paired, type StepMeasurement, type StepReduction } from "./measure-steps.js";

interface Elsewhere {
  /** In the order in which they are measured. */
  readonly candidates: readonly number[];
  /** Number of other groups. */
  readonly groups: number;
  /** Number of batches of the other groups' text: as many of each group, by turns. */
  readonly batches: number;
  /** Their losses, as of `measureSteps`. */
  readonly losses: StepMeasurement["losses"];
  readonly ahead: StepMeasurement["ahead"];
  readonly time: MeasuringTime | undefined;
  /** Milliseconds that a batch took so far. */
  readonly perBatch: number;
}

/** The mean of the other groups' reductions. */
export interface ReductionElsewhere extends StepReduction {
  /** Degrees of freedom of the standard error. */
  readonly freedom: number;
}

/** What was measured of steps on the text of the other groups. */
interface MeasuredElsewhere {
  /** By candidate. */
  readonly reductions: ReadonlyMap<number, ReductionElsewhere>;
  /** Number of forward passes of a batch, including the base's. */
  readonly passes: number;
  /** Whether time was up before all were measured. */
  readonly isShort: boolean;
}

/** Measures steps against the base on the text of the other groups, as many of them as there is time for. */
export const measureElsewhere = async ({
  candidates,
  groups,
  batches,
  losses,
  ahead,
  time = ENOUGH_TIME,
  perBatch,
}: Elsewhere): Promise<MeasuredElsewhere> => {
  const reductions = new Map<number, ReductionElsewhere>();
  if (batches < 2 * Math.max(1, groups) || candidates.length === 0) return { reductions, passes: 0, isShort: false };
  const each = perBatch * batches;
  const inTime = candidates.filter((_, i) => (i + 2) * each <= time.left());
  if (inTime.length === 0) return { reductions, passes: 0, isShort: true };
  await ahead?.([null, ...inTime], 0, batches);
  const base = await losses(null, 0, batches);
  let passes = batches;
  for (const candidate of inTime) {
    if (!ahead && each > time.left()) break;
    reductions.set(candidate, pairedByGroups(base, await losses(candidate, 0, batches), groups));
    passes += batches;
  }
  return { reductions, passes, isShort: reductions.size < candidates.length };
};

/**
 * The batches of each group are a sample of that group's text alone, so the error of the mean over groups is the one within them (stratified
 * sampling: Cochran, "Sampling Techniques", 1977, chapter 5). Else a step that harms one group would make the groups differ, and the more harm
 * it does the more it would look like chance.
 */
const pairedByGroups = (before: readonly number[], after: readonly number[], groups: number): ReductionElsewhere => {
  const own = Array.from({ length: groups }, (_, group) => {
    const ofGroup = (losses: readonly number[]) => losses.filter((_, i) => i % groups === group);
    return paired(ofGroup(before), ofGroup(after));
  });
  const variance = own.reduce((sum, { standardError }) => sum + standardError * standardError, 0);
  return {
    mean: own.reduce((sum, { mean }) => sum + mean, 0) / groups,
    standardError: Math.sqrt(variance) / groups,
    batches: after.length,
    freedom: after.length - groups,
  };
};
