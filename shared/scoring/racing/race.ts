import { GROWTH_BOUNDS } from "#shared/protocol/report.js";
import { type LossFailure, type LossScore, toScore } from "../proof-of-loss.js";
import { closingLap, type Lap, planLaps } from "./laps.js";
import type { RaceRules } from "./rules.js";
import { contestOf, leadersOf, type Runner, takeStock } from "./runner.js";

/** The race of one expert group. Batches are numbered as the evaluation seed draws them: everybody measures the same ones. */
export interface Race<T> {
  readonly contenders: readonly T[];
  readonly rules: RaceRules;
  /** Losses of the batches `from ≤ b < to` without any update; asked once for each batch. */
  readonly before: (from: number, to: number) => Promise<readonly number[]>;
  /** Losses of the same batches with a contender's update; null where we cannot measure it any more. */
  readonly after: (contender: T, from: number, to: number) => Promise<readonly number[] | null>;
}

export type RaceResult = (RaceScore | LossFailure) & {
  /** Batches behind it. */
  readonly batches: number;
};

export interface RaceScore extends Omit<LossScore, "lowerBound"> {
  /** How much larger those who went on became after its own last lap: the score is in proportion to it. */
  readonly growth: number;
}

export interface RaceOutcome<T> {
  readonly results: ReadonlyMap<T, RaceResult>;
  /** Losses without any update, of as many batches as somebody needed and at least the first lap's. */
  readonly before: readonly number[];
  /** Whether the time ended it: more batches would have been measured. */
  readonly isShort: boolean;
}

/** A race under way. Whoever drives it decides how far each step goes; where laps end, and what follows, the race. */
export interface RunningRace<T> {
  /** Those who go on. */
  readonly racing: readonly Runner<T>[];
  /** Batches that all of them have been measured on. */
  readonly done: number;
  /** Where the lap under way ends, batches. */
  readonly lapEnd: number;
  readonly isOver: boolean;
  /** Measures the model itself up to batch `to`. */
  measureBase(to: number): Promise<void>;
  /** Measures one of those who go on up to batch `to`, no further than the base. */
  measure(runner: Runner<T>, to: number): Promise<void>;
  /** All who go on have been measured up to batch `to`: at a lap's end, decides who is in the next. */
  settle(to: number): void;
  /** Ends it, over or not. */
  end(): RaceOutcome<T>;
}

/**
 * Evaluates until more batches cannot change who has the first `topN` places, nor their order beyond the tolerance: a race as in
 * Maron and Moore, "Hoeffding races" (1994), with Student's intervals of paired differences. Only one's own losses decide, so
 * validators that measure the same, and have the time, stop alike.
 *
 * A contender goes on while its order with one of the first `topN` is open, and until its improvement is recognised or too small to
 * matter: hardly more than the tolerance's share of the last place's. Its score is the bound that all batches would give with the
 * mean and spread seen, so it does not depend on how many were needed; nothing unless recognised. Who leaves keeps its proportion
 * to those who go on, between the half and twice (the ratio estimator of double sampling; Cochran, "Sampling techniques", 1977, section 12.8), since the first
 * batches may have been easier or harder for all.
 *
 * A race that is ended before it is over scores everybody on the batches that all have been measured on, with all the error that earlier
 * looks have left. Who has not been measured, or cannot be, is abstained on.
 */
export const openRace = <T>({ contenders, rules, ...losses }: Race<T>): RunningRace<T> => {
  const laps = planLaps(rules);
  const last = laps.at(-1)!;
  const before: number[] = [];
  const growth: number[] = [];
  const runners = contenders.map(
    (contender): Runner<T> => ({ contender, after: [], looks: [], isRecognised: false, failure: null }),
  );
  let racing: readonly Runner<T>[] = runners;
  let contest: ReadonlySet<Runner<T>> = new Set(runners);
  let lastPlace = 0;
  let done = 0;
  /** Looks so far, and so the lap under way. */
  let at = 0;

  const isOver = () => at > 0 && racing.length === 0;

  /** Looks at all who go on; whoever cannot be measured leaves. */
  const look = (lap: Lap): readonly Runner<T>[] => {
    const standing = racing.filter((runner) => !runner.failure && takeStock(runner, before, { lap, last, rules }));
    if (at > 0)
      growth.push(
        growthOf(
          standing.filter((runner) => contest.has(runner)),
          at,
        ),
      );
    return standing;
  };

  const endLap = (lap: Lap): void => {
    const standing = look(lap);
    if (contest.size > 0) {
      const leaders = leadersOf(standing, at, rules.topN);
      contest = contestOf(leaders, standing, at, rules);
      lastPlace = leaders.length < rules.topN ? 0 : leaders.at(-1)!.looks[at]!.bound;
    }
    const matters = ({ looks }: Runner<T>) => looks[at]!.ceiling > rules.tolerance * lastPlace;
    racing = standing.filter((runner) => contest.has(runner) || (!runner.isRecognised && matters(runner)));
    at++;
  };

  /** The look that ends a race in the middle of a lap, or of the laps. */
  const lookOnceMore = (): void => {
    const measured = racing.filter(({ failure }) => !failure);
    if (done === 0) {
      // Not everybody was reached: those who were have their own batches.
      for (const runner of measured.filter(({ after }) => after.length >= LEAST_MEASURED))
        takeStock(runner, before, { lap: closingLap(rules, runner.after.length), last, rules });
      return;
    }
    const lap = closingLap(rules, done);
    if (done > (laps[at - 1]?.batches ?? 0)) {
      look(lap);
      return;
    }
    for (const runner of measured) {
      runner.looks.pop();
      takeStock(runner, before, { lap, last, rules });
    }
  };

  return {
    get racing() {
      return racing;
    },
    get done() {
      return done;
    },
    get lapEnd() {
      return (laps[at] ?? last).batches;
    },
    get isOver() {
      return isOver();
    },
    async measureBase(to) {
      if (to > before.length) before.push(...(await losses.before(before.length, to)));
    },
    async measure(runner, to) {
      const from = runner.after.length;
      if (runner.failure || to <= from) return;
      const found = await losses.after(runner.contender, from, to);
      if (found) runner.after.push(...found);
      else runner.failure = { verdict: "abstained", reason: "validator_failed" };
    },
    settle(to) {
      done = to;
      if (laps[at]?.batches === to) endLap(laps[at]!);
    },
    end() {
      const isShort = !isOver();
      if (isShort) lookOnceMore();
      return {
        isShort,
        before: done > 0 ? before.slice(0, done) : before,
        results: new Map(runners.map((runner) => [runner.contender, resultOf(runner, growth, rules)])),
      };
    },
  };
};

/** A spread takes two. */
const LEAST_MEASURED = 2;

/** How much larger the mean bound of those in the contest is than after the lap before. */
const growthOf = <T>(runners: readonly Runner<T>[], lap: number): number => {
  const sum = (at: number) => runners.reduce((total, { looks }) => total + looks[at]!.bound, 0);
  const [then, now] = [sum(lap - 1), sum(lap)];
  return then > 0 && now > 0 ? now / then : 1;
};

const resultOf = <T>(
  { looks, failure, isRecognised }: Runner<T>,
  growth: readonly number[],
  rules: RaceRules,
): RaceResult => {
  const look = looks.at(-1);
  const batches = look?.batches ?? 0;
  if (failure) return { ...failure, batches };
  if (!look) return { verdict: "abstained", reason: "validator_failed", batches };
  const { lossReduction, standardError } = look.measured;
  const [least, most] = GROWTH_BOUNDS;
  const grown = growth.slice(looks.length - 1).reduce((product, factor) => product * factor, 1);
  const bounded = Math.min(most, Math.max(least, grown));
  const score = isRecognised ? toScore(look.bound * bounded, rules.exponent) : 0;
  return { verdict: "scored", lossReduction, standardError, growth: bounded, score, batches };
};
