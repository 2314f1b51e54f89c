import { setImmediate as yieldToEvents } from "node:timers/promises";
import { createRate, ENOUGH_TIME, type MeasuringTime } from "../measuring-time.js";
import { type Contest, holds, overtaking, stillOpen } from "./contest.js";
import { farthestOfLongest } from "./farthest.js";
import { FIRST_LOOK, planLooks, type StepRules } from "./looks.js";
import { paired, type StepReduction } from "./paired.js";

export interface StepMeasurement {
  readonly rules: StepRules;
  /** By candidate, of which there is at least one, not counting the base: how far it goes in the long run, in lengths of its update. */
  readonly reaches: readonly number[];
  /** Losses of batches `from` to `to` after a candidate's step, or of the base (null), nats per token. */
  readonly losses: (candidate: number | null, from: number, to: number) => Promise<readonly number[]>;
  /** Where one pass measures several candidates at once: measures these, after which `losses` gives them without measuring. */
  readonly ahead?: ((candidates: readonly (number | null)[], from: number, to: number) => Promise<void>) | undefined;
  /** Measuring ends before a look that would not be over in time, by the rate so far: the batches of the last whole look are then the result. */
  readonly time?: MeasuringTime | undefined;
}

/** A validator's result for one group's candidates. */
export interface MeasuredSteps {
  /** By candidate: whether it is better than the base. */
  readonly approved: readonly boolean[];
  /** The approved candidate that goes farthest with enough of a gain, as `farthest` says; null for the base. */
  readonly best: number | null;
  /** By candidate: mean reduction of the loss against the base over the batches that it was measured on, its standard error, and their number. */
  readonly reductions: readonly StepReduction[];
  /** False if the loss of the base was not finite, or no step was measured in time: then nothing is known. */
  readonly isMeasured: boolean;
  /** Number of forward passes of a batch, including the base's. */
  readonly passes: number;
  /** Whether time was up before the rules ended it. */
  readonly isShort: boolean;
}

/** Greatest number of candidates that are measured further after the first look. After each later look it is one fewer. */
const FINALISTS = 4;

/**
 * Measures candidate steps of one group against the base on the same batches. A candidate is approved when the lower bound of Student's
 * one-sided interval for the mean paired difference is above zero. The error that the confidence leaves is divided among looks, and equally
 * among candidates (Bonferroni), so measuring a candidate no further does not change the error of the others.
 *
 * - A candidate is measured no further if it surely gains too little to be chosen, if one that is chosen before it is approved and surely gains
 *   enough, or if the remaining batches could hardly approve it. The longer it takes, the fewer candidates are measured further.
 * - It ends when a single one is left that is approved and was measured on half of all batches. A step may do good to nearly all text and ruin
 *   some that is rare: few batches do not show that, nor their spread.
 * - An approval must hold at later looks. Where one does not, all others are measured on these batches too: what goes along the same updates
 *   ruins the same.
 * - No candidate is left out for the sake of one that leads no more. While none is approved, those that promised more when they left than any
 *   that is left does now are measured on these batches too.
 * - If the next look would take longer than there is time, the available batches are the last look, with that look's share of the error. How
 *   long it takes does not depend on any loss.
 */
export const measureSteps = async ({
  rules: { confidence, batches },
  reaches,
  losses,
  ahead,
  time = ENOUGH_TIME,
}: StepMeasurement): Promise<MeasuredSteps> => {
  const looks = planLooks({ confidence, batches }, reaches.length);
  const last = looks.at(-1)!;
  const base: number[] = [];
  const after = reaches.map((): number[] => []);
  const approved = after.map(() => false);
  let open = after.map((_, candidate) => candidate);
  let passes = 0;
  let isCutShort = false;
  const rate = createRate(time.now);
  const approve = (those: readonly number[], quantile: number) => {
    for (const candidate of those) {
      const { mean, standardError } = paired(base, after[candidate]!);
      if (mean - quantile * standardError > 0) approved[candidate] = true;
    }
  };
  const measure = async (candidate: number | null, from: number, end: number) => {
    await yieldToEvents();
    passes += end - from;
    return ahead ? losses(candidate, from, end) : rate.timed(end - from, () => losses(candidate, from, end));
  };
  const isSound = (candidate: number) => after[candidate]!.every(Number.isFinite);
  /** Those that were measured no further than to a look before. */
  const behind = (end: number) =>
    after.flatMap((own, candidate) => (own.length < end && isSound(candidate) ? [candidate] : []));
  /** Measures those as far as the others, as long as there is time. Whose approval does not hold then, or was not seen to, is approved no more. */
  const catchUp = async (those: readonly number[], end: number): Promise<readonly number[]> => {
    for (const candidate of those) {
      const own = after[candidate]!;
      if (rate.perBatch() * (end - own.length) <= time.left()) own.push(...(await measure(candidate, own.length, end)));
      approved[candidate] &&= own.length === end && holds(base, own);
    }
    return those.filter((candidate) => after[candidate]!.length === end && isSound(candidate));
  };
  for (const [number, { end, quantile }] of looks.entries()) {
    const from = base.length;
    const each = end - from;
    const all = (open.length + 1) * each;
    isCutShort = open.length > 0 && from > 0 && rate.perBatch() * all > time.left();
    if (open.length === 0 || isCutShort) break;
    await (ahead && rate.timed(all, () => ahead([null, ...open], from, end)));
    base.push(...(await measure(null, from, end)));
    // If the base cannot be measured, nothing is approved.
    if (!base.every(Number.isFinite)) break;
    for (const candidate of open) {
      const left = time.left();
      isCutShort = left <= 0 || (!ahead && rate.perBatch() * each > left);
      if (isCutShort) break;
      after[candidate]!.push(...(await measure(candidate, from, end)));
    }
    if (isCutShort && from > 0) {
      // Candidates are compared on the same batches.
      base.length = from;
      for (const own of after) own.length = Math.min(own.length, from);
      break;
    }
    const fallen = open.filter((candidate) => approved[candidate] && !holds(base, after[candidate]!));
    for (const candidate of fallen) approved[candidate] = false;
    open = open.filter((candidate) => after[candidate]!.length === end && isSound(candidate));
    if (fallen.length > 0) open = [...open, ...(await catchUp(behind(end), end))];
    approve(open, quantile);
    if (isCutShort || end === last.end) break;
    const contest: Contest = { reaches, base, after, approved, end, last };
    open = stillOpen(open, contest, FINALISTS - number);
    if (approved.includes(true)) continue;
    const wronged = overtaking(behind(end), open, contest);
    if (wronged.length === 0) continue;
    const again = await catchUp(wronged, end);
    approve(again, quantile);
    open = stillOpen([...open, ...again], contest, FINALISTS - number);
  }
  const reached = looks.find(({ end }) => end === base.length);
  if (isCutShort && reached) approve(open, reached.quantileAsLast);
  const reductions = after.map((own) => paired(base.slice(0, own.length), own));
  return {
    approved,
    best: bestOf(approved, reaches, reductions),
    reductions,
    isMeasured: base.every(Number.isFinite) && after.some((own) => own.length > 0),
    passes,
    isShort: isCutShort,
  };
};

/** Forward passes of a batch in the first two looks, the base's included. The first alone finds hardly any step. @param candidates of one group */
export const passesOfTwoLooks = (candidates: number, batches: number): number => {
  const first = Math.min(FIRST_LOOK, batches);
  const second = Math.min(2 * FIRST_LOOK, batches) - first;
  return (candidates + 1) * first + (Math.min(candidates, FINALISTS) + 1) * second;
};

const bestOf = (
  approved: readonly boolean[],
  reaches: readonly number[],
  reductions: readonly StepReduction[],
): number | null => {
  const choice = approved.flatMap((is, candidate) => (is ? [candidate] : []));
  const best = farthestOfLongest(choice, (candidate) => ({
    gain: reductions[candidate]!.mean,
    reach: reaches[candidate]!,
    batches: reductions[candidate]!.batches,
  }));
  return best ?? null;
};
