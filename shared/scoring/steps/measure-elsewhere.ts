import { ENOUGH_TIME, type MeasuringTime } from "../measuring-time.js";
import type { StepMeasurement } from "./measure-steps.js";
import { paired, type StepReduction } from "./paired.js";

interface Elsewhere {
  /** In the order in which they are measured. */
  readonly candidates: readonly number[];
  /** Number of other groups. */
  readonly groups: number;
  /** Number of batches of the other groups' text: as many of each group, by turns. Where time is short, the first of them are taken. */
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
  /** Whether there was no time for all of them on all batches. */
  readonly isShort: boolean;
}

/** Least number of batches of the other groups' text, and of one group's. */
const LEAST_BATCHES = 8;
const LEAST_OF_GROUP = 2;

/** Least number of batches of each of so many other groups, at least one. */
export const leastOfEach = (groups: number): number => Math.max(LEAST_OF_GROUP, Math.ceil(LEAST_BATCHES / groups));

/**
 * Measures steps against the base on the text of the other groups. Where time is short all of them on fewer batches, so that the harm of each is
 * known; and where that would be fewer than the least number, as many of them as there is time for.
 */
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
  if (groups < 1 || batches < LEAST_OF_GROUP * groups || candidates.length === 0)
    return { reductions, passes: 0, isShort: false };
  const inTime = (those: number) => Math.min(batches, time.left() / (perBatch * those));
  const forAll = groups * Math.floor(inTime(candidates.length + 1) / groups);
  const taken = Math.min(batches, Math.max(forAll, groups * leastOfEach(groups)));
  const those = candidates.filter((_, i) => taken <= inTime(i + 2));
  if (those.length === 0) return { reductions, passes: 0, isShort: true };
  await ahead?.([null, ...those], 0, taken);
  const base = await losses(null, 0, taken);
  let passes = taken;
  for (const candidate of those) {
    if (!ahead && taken > inTime(1)) break;
    reductions.set(candidate, pairedByGroups(base, await losses(candidate, 0, taken), groups));
    passes += taken;
  }
  return { reductions, passes, isShort: taken < batches || reductions.size < candidates.length };
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
