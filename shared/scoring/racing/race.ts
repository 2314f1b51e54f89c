import { GROWTH_BOUNDS } from "#shared/protocol/report.js";
import { type LossFailure, type LossScore, toScore } from "../proof-of-loss.js";
import { closingLap, type Lap, planLaps } from "./laps.js";
import type { RaceRules } from "./rules.js";
import { contestOf, leadersOf, type Runner, takeStock } from "./runner.js";

/**
 * The race of one expert group. Batches are numbered in the order in which the evaluation seed draws them, so all validators measure the
 * same ones.
 */
export interface Race<T> {
  readonly contenders: readonly T[];
  readonly rules: RaceRules;
  /** Losses of the batches `from ≤ b < to` without any update. Called once for each batch. */
  readonly before: (from: number, to: number) => Promise<readonly number[]>;
  /** Losses of the same batches with a contender's update. Null if it can no longer be measured. */
  readonly after: (contender: T, from: number, to: number) => Promise<readonly number[] | null>;
  /**
   * Where one pass over a model measures several contenders at once: measures these, of which null is the model itself, on the batches
   * `from ≤ b < to`, which `before` and `after` then give without measuring.
   */
  readonly ahead?: (those: readonly (T | null)[], from: number, to: number) => Promise<void>;
  /** How many batches are really measured where these are asked for, on `from ≤ b < to`: all of each where it is unset. */
  readonly unknown?: (those: readonly (T | null)[], from: number, to: number) => number;
}

export type RaceResult = (RaceScore | LossFailure) & {
  /** Number of batches that the result rests on. */
  readonly batches: number;
};

export interface RaceScore extends Omit<LossScore, "lowerBound"> {
  /** The factor by which the bounds of the remaining contenders grew after this one's last lap. The score is proportional to it. */
  readonly growth: number;
}

export interface RaceOutcome<T> {
  readonly results: ReadonlyMap<T, RaceResult>;
  /** Losses without any update, of as many batches as a contender needed, at least the first lap's. */
  readonly before: readonly number[];
  /** Whether time ended the race: more batches would have been measured. */
  readonly isShort: boolean;
}

/** A race in progress. The caller decides how far each step goes. The race decides where laps end, and the result. */
export interface RunningRace<T> {
  /** The contenders that remain. */
  readonly racing: readonly Runner<T>[];
  /** Number of batches that all of them have been measured on. */
  readonly done: number;
  /** Number of batches at the end of the current lap. */
  readonly lapEnd: number;
  readonly isOver: boolean;
  /** Whether the model and all remaining contenders are measured at once. */
  readonly isTogether: boolean;
  /** Number of batches that are really measured when the model itself (null) or a remaining contender is measured up to batch `to`. */
  cost(runner: Runner<T> | null, to: number): number;
  /** The same of the model and all remaining contenders: at once, where they are measured so. */
  costOfAll(to: number): number;
  /** Measures the model and all remaining contenders up to batch `to`, at once. */
  measureAhead(to: number): Promise<void>;
  /** Measures the model itself up to batch `to`. */
  measureBase(to: number): Promise<void>;
  /** Measures one remaining contender up to batch `to`, no further than the base. */
  measure(runner: Runner<T>, to: number): Promise<void>;
  /** Call when all remaining contenders have been measured up to batch `to`. At a lap's end it decides which of them are in the next lap. */
  settle(to: number): void;
  /** Ends the race, whether it is decided or not. */
  end(): RaceOutcome<T>;
}

/**
 * Evaluates until more batches cannot change which contenders have the first `topN` places, nor their order beyond the tolerance: a race as
 * in Maron and Moore, "Hoeffding races" (1994), with Student's intervals of paired differences. A validator uses only its own losses to
 * decide, so validators that measure the same losses, and have the time, stop at the same batch.
 *
 * A contender remains while its order relative to one of the first `topN` is open, and until its improvement is recognised or too small to
 * matter: hardly more than the tolerance's share of the last place's improvement. Its score is the bound that all batches would give with
 * the mean and spread seen, so it does not depend on the number of batches needed. It scores nothing unless recognised. A contender that
 * leaves keeps its proportion to those that remain, limited to between one half and two (the ratio estimator of double sampling; Cochran,
 * "Sampling techniques", 1977, section 12.8), because the first batches may have been easier or harder for all.
 *
 * A race that is ended early scores all contenders on the batches that all of them have been measured on, with all the error that earlier
 * looks have left. The validator abstains on a contender that has not been measured, or cannot be.
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
  /** Number of looks so far, which is also the index of the current lap. */
  let at = 0;

  const isOver = () => at > 0 && racing.length === 0;

  /** Takes stock of all remaining contenders. Those that cannot be measured leave. */
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

  /** The look that ends a race in the middle of a lap, or between laps. */
  const lookOnceMore = (): void => {
    const measured = racing.filter(({ failure }) => !failure);
    if (done === 0) {
      // Not all contenders were reached: those that were are scored on their own batches.
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

  const unknown: NonNullable<Race<T>["unknown"]> = losses.unknown ?? ((those, from, to) => those.length * (to - from));

  const cost: RunningRace<T>["cost"] = (runner, to) => {
    const from = (runner?.after ?? before).length;
    return runner?.failure || to <= from ? 0 : unknown([runner?.contender ?? null], from, to);
  };

  /** The model itself (null) and the remaining contenders, as far as they are not measured up to batch `to`. */
  const lacking = (to: number): readonly (T | null)[] => [
    ...(before.length < to ? [null] : []),
    ...racing.flatMap(({ contender, after, failure }) => (failure || after.length >= to ? [] : [contender])),
  ];

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
    isTogether: losses.ahead !== undefined,
    cost,
    costOfAll: (to) =>
      losses.ahead
        ? unknown(lacking(to), done, to)
        : racing.reduce((sum, runner) => sum + cost(runner, to), cost(null, to)),
    async measureAhead(to) {
      await losses.ahead?.(lacking(to), done, to);
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

/** A spread needs two values. */
const LEAST_MEASURED = 2;

/** How much larger the mean bound of the remaining contenders is than after the lap before. */
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
