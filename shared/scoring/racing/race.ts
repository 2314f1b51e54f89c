import { GROWTH_BOUNDS } from "#shared/protocol/report.js";
import { type LossFailure, type LossScore, toScore } from "../proof-of-loss.js";
import { planLaps } from "./laps.js";
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
  /** Asked before each measurement. */
  readonly isTimeUp: () => boolean;
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
}

/**
 * Evaluates until more batches cannot change who has the first `topN` places, nor their order beyond the tolerance: a race as in
 * Maron and Moore, "Hoeffding races" (1994), with Student's intervals of paired differences. Only one's own losses decide, so
 * validators that measure the same stop alike.
 *
 * A contender goes on while its order with one of the first `topN` is open, and until its improvement is recognised or too small to
 * matter: hardly more than the tolerance's share of the last place's. Its score is the bound that all batches would give with the
 * mean and spread seen, so it does not depend on how many were needed; nothing unless recognised. Who leaves keeps its proportion
 * to those who go on, between the half and twice (the ratio estimator of double sampling; Cochran, "Sampling techniques", 1977, section 12.8), since the first
 * batches may have been easier or harder for all.
 *
 * When time is up, the last lap that all finished counts; whoever was open then is abstained on, as is who cannot be
 * measured.
 */
export const runRace = async <T>(race: Race<T>): Promise<RaceOutcome<T>> => {
  const { rules, isTimeUp } = race;
  const laps = planLaps(rules);
  const last = laps.at(-1)!;
  const before: number[] = [];
  const runners = race.contenders.map(
    (contender): Runner<T> => ({ contender, after: [], looks: [], isRecognised: false, failure: null }),
  );
  const growth: number[] = [];
  let racing: readonly Runner<T>[] = runners;
  let contest: ReadonlySet<Runner<T>> = new Set(runners);
  let lastPlace = 0;
  for (const [at, lap] of laps.entries()) {
    if ((racing.length === 0 && at > 0) || isTimeUp()) break;
    const from = before.length;
    before.push(...(await race.before(from, lap.batches)));
    const finished: Runner<T>[] = [];
    for (const runner of racing) {
      if (isTimeUp()) break;
      const losses = await race.after(runner.contender, from, lap.batches);
      if (losses) runner.after.push(...losses);
      else runner.failure = { verdict: "abstained", reason: "validator_failed" };
      finished.push(runner);
    }
    if (finished.length < racing.length && at > 0) break;
    const standing = finished.filter((runner) => !runner.failure && takeStock(runner, before, { lap, last, rules }));
    if (at > 0)
      growth.push(
        growthOf(
          standing.filter((runner) => contest.has(runner)),
          at,
        ),
      );
    if (contest.size > 0) {
      const leaders = leadersOf(standing, at, rules.topN);
      contest = contestOf(leaders, standing, at, rules);
      lastPlace = leaders.length < rules.topN ? 0 : leaders.at(-1)!.looks[at]!.bound;
    }
    const matters = ({ looks }: Runner<T>) => looks[at]!.ceiling > rules.tolerance * lastPlace;
    racing = standing.filter((runner) => contest.has(runner) || (!runner.isRecognised && matters(runner)));
  }
  const open = new Set(racing);
  return {
    before,
    results: new Map(
      runners.map((runner) => [runner.contender, resultOf(runner, { growth, rules, isOpen: open.has(runner) })]),
    ),
  };
};

/** How much larger the mean bound of those in the contest is than after the lap before. */
const growthOf = <T>(runners: readonly Runner<T>[], lap: number): number => {
  const sum = (at: number) => runners.reduce((total, { looks }) => total + looks[at]!.bound, 0);
  const [then, now] = [sum(lap - 1), sum(lap)];
  return then > 0 && now > 0 ? now / then : 1;
};

const resultOf = <T>(
  { looks, failure, isRecognised }: Runner<T>,
  {
    growth,
    rules,
    isOpen,
  }: { readonly growth: readonly number[]; readonly rules: RaceRules; readonly isOpen: boolean },
): RaceResult => {
  const look = looks.at(-1);
  const batches = look?.batches ?? 0;
  if (failure) return { ...failure, batches };
  if (!look || (isOpen && !isRecognised)) return { verdict: "abstained", reason: "validator_failed", batches };
  const { lossReduction, standardError } = look.measured;
  const [least, most] = GROWTH_BOUNDS;
  const grown = growth.slice(looks.length - 1).reduce((product, factor) => product * factor, 1);
  const bounded = Math.min(most, Math.max(least, grown));
  const score = isRecognised ? toScore(look.bound * bounded, rules.exponent) : 0;
  return { verdict: "scored", lossReduction, standardError, growth: bounded, score, batches };
};
