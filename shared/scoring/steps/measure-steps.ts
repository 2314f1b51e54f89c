import { setImmediate as yieldToEvents } from "node:timers/promises";
import { createRate, ENOUGH_TIME, type MeasuringTime } from "../measuring-time.js";
import { spreadOf } from "../proof-of-loss.js";
import { studentQuantile } from "../student-t.js";
import { ENOUGH, farthest } from "./farthest.js";

export interface StepRules {
  /** One-sided confidence over all candidates and looks together that no candidate is approved that is not better than the base. */
  readonly confidence: number;
  /** Greatest number of batches, at least 2. */
  readonly batches: number;
}

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

export interface StepReduction {
  readonly mean: number;
  readonly standardError: number;
  readonly batches: number;
}

/** Batches of the first look. The number doubles from look to look. */
const FIRST_LOOK = 8;
/** Greatest number of candidates that are measured further after the first look. After each later look it is one fewer. */
const FINALISTS = 4;
/** The last look's share of the error that the confidence leaves. The earlier looks, which decide clear cases, share the rest. */
const LAST_LOOK = 0.7;
/** Part of all batches on which the best is measured at least, if there is time. */
const LEAST_PART = 1 / 2;
/** Confidence at which one candidate counts as surely better than another, or unable to reach what the last look requires, and at which an approval must hold later. */
const SURELY = 0.95;
/** Part of their gain by which two candidates that go equally far may differ and still count as equal. */
const TOLERANCE = 0.1;

/**
 * Measures candidate steps of one group against the base on the same batches. A candidate is approved when the lower bound of Student's
 * one-sided interval for the mean paired difference is above zero. The error that the confidence leaves is divided among looks, and equally
 * among candidates (Bonferroni), so measuring a candidate no further does not change the error of the others.
 *
 * It stops early. A candidate is measured no further if it surely gains too little to be chosen, if one that is chosen before it is approved
 * and surely gains enough, or if the remaining batches could hardly approve it. The longer it takes, the fewer candidates are measured
 * further. It ends once a single one is left, which is approved, and was measured on half of all batches: a step may do good to nearly
 * all text and ruin some that is rare, which few batches do not show, nor their spread. An approval must hold at later looks; where one
 * does not, all others are measured on these batches too: what goes along the same updates ruins the same. Nor is a candidate left out for the sake of one that
 * leads no more: while none is approved, those that promised more when they left than any that is left does now are measured on these batches too. If the next look would take longer than there is time, which does not
 * depend on any loss, the available batches are the last look, with that look's share of the error.
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
    const standing = { reaches, base, after, approved, end, last };
    open = stillOpen(open, standing, FINALISTS - number);
    if (approved.includes(true)) continue;
    const wronged = overtaking(behind(end), open, standing);
    if (wronged.length === 0) continue;
    const again = await catchUp(wronged, end);
    approve(again, quantile);
    open = stillOpen([...open, ...again], standing, FINALISTS - number);
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

/**
 * The greatest lower bound that any look gives a candidate's mean reduction, each look taken as the last one, because nobody else knows
 * when a validator's time was up. A validator that measures all of these batches, or the first of them, approves the candidate at some look
 * only if this bound is above zero.
 *
 * @param base  losses of all batches before the step, nats per token
 * @param after the same batches' losses after it
 * @param candidates that were compared
 */
export const highestBound = (
  base: readonly number[],
  after: readonly number[],
  { confidence, candidates }: Pick<StepRules, "confidence"> & { readonly candidates: number },
): number =>
  Math.max(
    ...planLooks({ confidence, batches: base.length }, candidates).map(({ end, quantileAsLast }) => {
      const { mean, standardError } = paired(base.slice(0, end), after.slice(0, end));
      return mean - quantileAsLast * standardError;
    }),
  );

interface Look {
  /** Number of batches after it. */
  readonly end: number;
  /** Standard errors by which a candidate must be better. */
  readonly quantile: number;
  /** The same if time is up after it. */
  readonly quantileAsLast: number;
}

/** In ascending order. The last look has all batches. A single look has all of the error. */
const planLooks = ({ confidence, batches }: StepRules, candidates: number): readonly Look[] => {
  const error = (1 - confidence) / candidates;
  const ends: number[] = [];
  for (let end = FIRST_LOOK; end < batches; end *= 2) ends.push(end);
  const early = ((1 - LAST_LOOK) * error) / ends.length;
  const rest = ends.length === 0 ? error : LAST_LOOK * error;
  return [...ends, batches].map((end) => {
    const quantileAsLast = studentQuantile(1 - rest, end - 1);
    return { end, quantileAsLast, quantile: end === batches ? quantileAsLast : studentQuantile(1 - early, end - 1) };
  });
};

/** Mean paired reduction of batches' losses; that of a step after which a loss is not finite is −∞. */
export const paired = (before: readonly number[], after: readonly number[]): StepReduction => {
  if (after.length < 2 || !after.every(Number.isFinite))
    return { mean: Number.NEGATIVE_INFINITY, standardError: 0, batches: after.length };
  const { mean, deviation } = spreadOf(after.map((loss, i) => before[i]! - loss));
  return { mean, standardError: deviation / Math.sqrt(after.length), batches: after.length };
};

/** Whether an approval by the first of these batches holds on all of them. */
const holds = (before: readonly number[], after: readonly number[]): boolean => {
  const { mean, standardError } = paired(before, after);
  return mean - studentQuantile(SURELY, after.length - 1) * standardError > 0;
};

interface Standing extends Pick<StepMeasurement, "reaches"> {
  readonly base: readonly number[];
  readonly after: readonly (readonly number[])[];
  readonly approved: readonly boolean[];
  readonly end: number;
  readonly last: Look;
}

/** Promising is the mean minus half a standard error: of two that differ by chance, the one that moves less is more certain. */
const promiseOf = ({ mean, standardError }: StepReduction): number => mean - standardError / 2;

/** Whether the remaining batches may yet approve what has these figures. */
const canBeApproved = ({ mean, standardError, batches }: StepReduction, last: Look): boolean => {
  // The mean of all batches differs from the mean of these by less than this many of its standard errors.
  const further = studentQuantile(SURELY, batches - 1) * Math.sqrt(1 - batches / last.end);
  const needed = last.quantile * Math.sqrt(batches / last.end);
  return mean + further * standardError > needed * standardError;
};

/**
 * Of those behind, the ones that promised more when they were last looked at than any that is measured further does now. They left for the sake of one that
 * leads no more.
 */
const overtaking = (
  behind: readonly number[],
  open: readonly number[],
  { base, after, last }: Pick<Standing, "base" | "after" | "last">,
): readonly number[] => {
  const reductionOf = (candidate: number) => paired(base.slice(0, after[candidate]!.length), after[candidate]!);
  const most = Math.max(0, ...open.map((candidate) => promiseOf(reductionOf(candidate))));
  return behind.filter((candidate) => {
    const reduction = reductionOf(candidate);
    return canBeApproved(reduction, last) && promiseOf(reduction) > most;
  });
};

/**
 * The candidates to measure further: the one that would be chosen now, the leader, which gains most and says what is enough, and then the
 * most promising. None if no candidate can be approved any more, or a single one is left, which is approved and was measured on half of all batches.
 *
 * @param most greatest number of candidates; where the leader would not be chosen it is measured beyond that number
 */
const stillOpen = (
  open: readonly number[],
  { reaches, base, after, approved, end, last }: Standing,
  most: number,
): number[] => {
  const reduction = new Map(open.map((candidate) => [candidate, paired(base, after[candidate]!)]));
  const quantile = studentQuantile(SURELY, end - 1);
  const promise = (candidate: number) => promiseOf(reduction.get(candidate)!);
  const hopeful = open
    .filter((candidate) => approved[candidate] || canBeApproved(reduction.get(candidate)!, last))
    .sort((a, b) => promise(b) - promise(a) || a - b);
  const [leader] = hopeful;
  if (leader === undefined) return [];
  const gains = (candidate: number, part = 1) => base.map((loss, i) => part * (loss - after[candidate]![i]!));
  const isSurelyMore = (some: readonly number[], others: readonly number[]): boolean => {
    const { mean, deviation } = spreadOf(some.map((gain, i) => gain - others[i]!));
    return mean - (quantile * deviation) / Math.sqrt(end) > 0;
  };
  const contest = hopeful.filter(
    (candidate) => candidate === leader || !isSurelyMore(gains(leader, ENOUGH), gains(candidate)),
  );
  const reach = (candidate: number) => reaches[candidate]!;
  const choice = (candidate: number) => ({ gain: reduction.get(candidate)!.mean, reach: reach(candidate) });
  const chosen = farthest(contest, choice)!;
  const isEnough = approved[chosen] && (chosen === leader || isSurelyMore(gains(chosen), gains(leader, ENOUGH)));
  const rivals = contest.filter((candidate) => {
    if (candidate === chosen) return false;
    if (reach(candidate) > reach(chosen)) return true;
    if (reach(candidate) < reach(chosen)) return !isEnough;
    const isBehind = isSurelyMore(gains(chosen), gains(candidate));
    const isAlike = isSurelyMore(gains(candidate), gains(chosen, 1 - TOLERANCE));
    return !isBehind && !isAlike;
  });
  if (rivals.length === 0 && approved[chosen]) return end < LEAST_PART * last.end ? [chosen] : [];
  const kept = [...new Set([chosen, leader])];
  return [...new Set([...kept, ...rivals])].slice(0, Math.max(kept.length, most));
};

/** The best of the approved. Compares only those that were measured longest, because all others were out of the contest. */
const bestOf = (
  approved: readonly boolean[],
  reaches: readonly number[],
  reductions: readonly StepReduction[],
): number | null => {
  const choice = approved.flatMap((is, candidate) => (is ? [candidate] : []));
  const most = Math.max(0, ...choice.map((candidate) => reductions[candidate]!.batches));
  const longest = choice.filter((candidate) => reductions[candidate]!.batches === most);
  return farthest(longest, (candidate) => ({ gain: reductions[candidate]!.mean, reach: reaches[candidate]! })) ?? null;
};
