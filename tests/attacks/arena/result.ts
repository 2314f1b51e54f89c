import { mean } from "#shared/util/mean.js";
import { LIAR } from "./arena.js";
import { HARMS, type Harm, type KnownHarms } from "./harm.js";
import { type HonestWork, sumOfWork } from "./honest-work.js";
import { type Interval, intervalOf } from "./interval.js";
import type { Observation, Progress } from "./observation.js";
import { meanParts, type ValidatorPart } from "./validator-part.js";

/** An attack's line in the table, and in the file of `npm run attacks -- --json`. */
export interface Result {
  readonly attack: string;
  /** What a cycle earns; `Observation` says as a share of what. */
  readonly payoff: Interval;
  readonly honestPayoff: Interval;
  readonly ownPayoff: Interval;
  /** Payoff less what the attacker's own machines earn by honest work with the same seed: luck that both have is in neither. */
  readonly gain: Interval;
  /** Means over the seeds. */
  readonly modelLossWithAttack: number;
  readonly modelLossWithout: number;
  readonly hasMajority: boolean;
  readonly known: KnownHarms;
  /** All seeds together. */
  readonly work: HonestWork;
  readonly progress: Progress;
  readonly progressWithout: Progress;
  readonly stoppedBy: readonly string[];
  /** Means over the seeds. */
  readonly validators: readonly ValidatorPart[];
  readonly idle: readonly string[];
  readonly observations: readonly Observation[];
}

/** A model may be worse by this share. */
export const TOLERANCE = 0.01;

/** Part of what the least paid validator that works has for its stake, from which one that does nothing is paid as much. */
const AS_MUCH = 0.9;

/**
 * What an attack came to with all seeds. A seed's cycles hang together by base model and window, so that a seed is one value of an
 * interval, the mean of its cycles; of a single seed its cycles are the values.
 *
 * @param observations of one attack, one a seed, at least one
 */
export const resultOf = (observations: readonly Observation[]): Result => {
  const values = (of: (observation: Observation) => readonly number[]): readonly number[] =>
    observations.length === 1 ? of(observations[0]!) : observations.map((observation) => mean(of(observation)));
  const gains = ({ payoffs, ownPayoffs }: Observation) => payoffs.map((payoff, i) => payoff - ownPayoffs[i]!);
  return {
    attack: observations[0]!.attack,
    payoff: intervalOf(values(({ payoffs }) => payoffs)),
    honestPayoff: intervalOf(values(({ honestPayoffs }) => honestPayoffs)),
    ownPayoff: intervalOf(values(({ ownPayoffs }) => ownPayoffs)),
    gain: intervalOf(values(gains)),
    modelLossWithAttack: mean(observations.map(({ modelLossWithAttack }) => modelLossWithAttack)),
    modelLossWithout: mean(observations.map(({ modelLossWithout }) => modelLossWithout)),
    hasMajority: observations[0]!.hasMajority,
    known: observations[0]!.known,
    work: sumOfWork(observations.map(({ work }) => work)),
    progress: sumOfProgress(observations.map(({ progress }) => progress)),
    progressWithout: sumOfProgress(observations.map(({ progressWithout }) => progressWithout)),
    stoppedBy: [...new Set(observations.flatMap(({ stoppedBy }) => stoppedBy))].sort(),
    validators: meanParts(observations.map(({ validators }) => validators)),
    idle: observations[0]!.idle,
    observations,
  };
};

/**
 * What is wrong with a result, in words; nothing where the attack pays no more than honest work, harms neither model nor honest miners, and the
 * network makes progress in every cycle. What the attack says is known is not among it.
 */
export const harmsOf = (result: Result): readonly string[] => [
  ...(result.honestPayoff.mean > 0 ? [] : ["cannot be compared: honest work earns nothing"]),
  ...foundIn(result)
    .filter((harm) => result.known[harm] === undefined)
    .map((harm) => HARMS[harm]),
];

/** The harm of a result that its attack says is known, in words with the reason. */
export const knownHarmsOf = (result: Result): readonly string[] =>
  foundIn(result).flatMap((harm) => {
    const why = result.known[harm];
    return why === undefined ? [] : [`${HARMS[harm]}: ${why}`];
  });

const foundIn = ({
  gain,
  modelLossWithAttack,
  modelLossWithout,
  hasMajority,
  work,
  progress,
  progressWithout,
  validators,
  idle,
}: Result): readonly Harm[] => {
  const found: Readonly<Record<Harm, boolean>> = {
    pay: gain.mean - gain.halfWidth > 0,
    model: !hasMajority && modelLossWithAttack > modelLossWithout * (1 + TOLERANCE),
    rejected: work.rejected > 0,
    abstained: work.abstained > 0,
    agreed: !hasMajority && progress.agreed < progress.cycles,
    paid: progress.paid < progressWithout.paid,
    idle: isIdlePaid(validators, idle),
  };
  return (Object.keys(HARMS) as Harm[]).filter((harm) => found[harm]);
};

/** Who lies works as little as who does nothing, but is paid by other rules: it is neither. */
const isIdlePaid = (validators: readonly ValidatorPart[], idle: readonly string[]): boolean => {
  const rateOf = ({ dividends, stake }: ValidatorPart): number => dividends / stake;
  const working = validators.filter(({ name }) => name !== LIAR && !idle.includes(name));
  const least = Math.min(...working.map(rateOf));
  return validators.some((one) => idle.includes(one.name) && rateOf(one) > 0 && rateOf(one) >= AS_MUCH * least);
};

const sumOfProgress = (all: readonly Progress[]): Progress => {
  const sum = (of: (progress: Progress) => number) => all.reduce((total, one) => total + of(one), 0);
  return {
    cycles: sum(({ cycles }) => cycles),
    agreed: sum(({ agreed }) => agreed),
    scored: sum(({ scored }) => scored),
    paid: sum(({ paid }) => paid),
    improved: sum(({ improved }) => improved),
  };
};
