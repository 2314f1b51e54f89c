import { setImmediate as yieldToEvents } from "node:timers/promises";
import { spreadOf } from "../proof-of-loss.js";
import { studentQuantile } from "../student-t.js";

export interface StepRules {
  /** One-sided, over all candidates and looks together: how surely none is approved that is no better than the base. */
  readonly confidence: number;
  /** Batches at most, at least 2. */
  readonly batches: number;
}

export interface StepMeasurement {
  readonly rules: StepRules;
  /** Candidates to tell apart, at least one, not counting the base. */
  readonly candidates: number;
  /** Losses of batches `from` to `to` after a candidate's step, or of the base (null), nats per token. */
  readonly losses: (candidate: number | null, from: number, to: number) => Promise<readonly number[]>;
  /** Asked before every measurement but the base's first; true ends the measuring: the batches of the last whole look are then all there are. */
  readonly isTimeUp?: () => boolean;
}

/** What a validator found of one group's candidates. */
export interface MeasuredSteps {
  /** By candidate: whether it is better than the base. */
  readonly approved: readonly boolean[];
  /** The approved candidate with the lowest loss; null for the base. */
  readonly best: number | null;
  /** By candidate: mean reduction of the loss against the base over the batches that it was measured on, its standard error, and their number. */
  readonly reductions: readonly StepReduction[];
  /** False where the loss of the base was not finite, or no step was measured in time: then nothing is known. */
  readonly isMeasured: boolean;
  /** Forward passes of a batch that it took, the base's among them. */
  readonly passes: number;
}

export interface StepReduction {
  readonly mean: number;
  readonly standardError: number;
  readonly batches: number;
}

/** Batches of the first look; it doubles from look to look. */
const FIRST_LOOK = 8;
/** Candidates that are measured on after the first look at most; after each further look it is one fewer. */
const FINALISTS = 4;
/** Share of the error that the confidence leaves which the last look has; the earlier ones decide what is clear, and share the rest. */
const LAST_LOOK = 0.7;
/** How surely a candidate is behind the leader, as good, or out of reach of what the last look asks, before it is measured no further. */
const SURELY = 0.95;
/** Part of the leader's reduction by which two candidates may differ for it not to matter which of them is named. */
const TOLERANCE = 0.1;

/**
 * Measures candidate steps of one group against the base on the same batches. A candidate is approved when the lower bound of Student's
 * one-sided interval for the mean paired difference is above zero. What error the confidence leaves is divided among looks, and among candidates
 * alike (Bonferroni), so that whatever is measured no further leaves it as it is.
 *
 * It stops early: a candidate that is surely behind the leader, or as good for all that matters, is measured no further, nor is one that the rest of the
 * batches could hardly approve; the longer it takes, the fewer are measured on. Once the leader is approved and nobody is left beside it, all is said.
 * Where time is up before, which no loss decides, what is at hand is the last look, with that look's share of the error.
 */
export const measureSteps = async ({
  rules: { confidence, batches },
  candidates,
  losses,
  isTimeUp = () => false,
}: StepMeasurement): Promise<MeasuredSteps> => {
  const looks = planLooks({ confidence, batches }, candidates);
  const last = looks.at(-1)!;
  const base: number[] = [];
  const after = Array.from({ length: candidates }, (): number[] => []);
  const approved = after.map(() => false);
  let open = after.map((_, candidate) => candidate);
  let passes = 0;
  let isCutShort = false;
  const approve = (those: readonly number[], quantile: number) => {
    for (const candidate of those) {
      const { mean, standardError } = paired(base, after[candidate]!);
      if (mean - quantile * standardError > 0) approved[candidate] = true;
    }
  };
  for (const [number, { end, quantile }] of looks.entries()) {
    const from = base.length;
    isCutShort = from > 0 && isTimeUp();
    if (open.length === 0 || isCutShort) break;
    const measure = async (candidate: number | null) => {
      await yieldToEvents();
      passes += end - from;
      return losses(candidate, from, end);
    };
    base.push(...(await measure(null)));
    // A base that cannot be measured approves nothing.
    if (!base.every(Number.isFinite)) break;
    for (const candidate of open) {
      isCutShort = isTimeUp();
      if (isCutShort) break;
      after[candidate]!.push(...(await measure(candidate)));
    }
    if (isCutShort && from > 0) {
      // Candidates are compared on the same batches.
      base.length = from;
      for (const own of after) own.length = Math.min(own.length, from);
      break;
    }
    open = open.filter((candidate) => after[candidate]!.length === end && after[candidate]!.every(Number.isFinite));
    approve(open, quantile);
    if (isCutShort || end === last.end) break;
    open = stillOpen(open, { base, after, approved, end, last }).slice(0, Math.max(1, FINALISTS - number));
  }
  const reached = looks.find(({ end }) => end === base.length);
  if (isCutShort && reached) approve(open, reached.quantileAsLast);
  const reductions = after.map((own) => paired(base.slice(0, own.length), own));
  return {
    approved,
    best: bestOf(approved, after, reductions),
    reductions,
    isMeasured: base.every(Number.isFinite) && after.some((own) => own.length > 0),
    passes,
  };
};

/**
 * The greatest lower bound that any look gives a candidate's mean reduction, each as the last one: nobody else knows when a validator's time was up.
 * Whoever measures all of these batches, or the first of them, approves the candidate at some look only where that is above zero.
 *
 * @param base  losses of all batches before the step, nats per token
 * @param after the same batches' losses after it
 * @param candidates that were told apart
 */
export const highestBound = (
  base: readonly number[],
  after: readonly number[],
  { confidence, candidates }: Pick<StepRules, "confidence"> & Pick<StepMeasurement, "candidates">,
): number =>
  Math.max(
    ...planLooks({ confidence, batches: base.length }, candidates).map(({ end, quantileAsLast }) => {
      const { mean, standardError } = paired(base.slice(0, end), after.slice(0, end));
      return mean - quantileAsLast * standardError;
    }),
  );

interface Look {
  /** Batches after it. */
  readonly end: number;
  /** Standard errors by which a candidate must be better. */
  readonly quantile: number;
  /** The same where time is up after it. */
  readonly quantileAsLast: number;
}

/** In ascending order; the last one has all batches. A single one has all of the error. */
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

const paired = (before: readonly number[], after: readonly number[]): StepReduction => {
  if (after.length < 2 || !after.every(Number.isFinite))
    return { mean: Number.NEGATIVE_INFINITY, standardError: 0, batches: after.length };
  const { mean, deviation } = spreadOf(after.map((loss, i) => before[i]! - loss));
  return { mean, standardError: deviation / Math.sqrt(after.length), batches: after.length };
};

interface Standing {
  readonly base: readonly number[];
  readonly after: readonly (readonly number[])[];
  readonly approved: readonly boolean[];
  readonly end: number;
  readonly last: Look;
}

/**
 * Whoever must be measured on, the most promising first: by half a standard error below the mean, since of two that differ by chance the one that
 * moves less is the surer. None where nobody can be approved any more, or the leader is approved and alone.
 */
const stillOpen = (open: readonly number[], { base, after, approved, end, last }: Standing): number[] => {
  const reduction = new Map(open.map((candidate) => [candidate, paired(base, after[candidate]!)]));
  const quantile = studentQuantile(SURELY, end - 1);
  // The mean of all batches is off that of these by less than this many of its standard errors.
  const further = quantile * Math.sqrt(1 - end / last.end);
  const needed = last.quantile * Math.sqrt(end / last.end);
  const promise = (candidate: number) => reduction.get(candidate)!.mean - reduction.get(candidate)!.standardError / 2;
  const hopeful = open
    .filter((candidate) => {
      const { mean, standardError } = reduction.get(candidate)!;
      return approved[candidate] || mean + further * standardError > needed * standardError;
    })
    .sort((a, b) => promise(b) - promise(a) || a - b);
  const [leader] = hopeful;
  if (leader === undefined) return [];
  const contest = hopeful.filter((candidate) => {
    if (candidate === leader) return true;
    const { mean, standardError } = paired(after[candidate]!, after[leader]!);
    const isBehind = mean - quantile * standardError > 0;
    const isAlike = mean + quantile * standardError < TOLERANCE * reduction.get(leader)!.mean;
    return !isBehind && !isAlike;
  });
  return contest.length === 1 && approved[leader] ? [] : contest;
};

/** The lowest loss among the approved; those that were measured longest are compared, since all others had been behind. */
const bestOf = (
  approved: readonly boolean[],
  after: readonly (readonly number[])[],
  reductions: readonly StepReduction[],
): number | null => {
  const choice = approved.flatMap((is, candidate) => (is ? [candidate] : []));
  const most = Math.max(0, ...choice.map((candidate) => after[candidate]!.length));
  const [best] = choice
    .filter((candidate) => after[candidate]!.length === most)
    .sort((a, b) => reductions[b]!.mean - reductions[a]!.mean || a - b);
  return best ?? null;
};
