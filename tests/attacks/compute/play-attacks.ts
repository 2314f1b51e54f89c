import { createRandom } from "#shared/data/random.js";
import { sha256 } from "#shared/protocol/hash.js";
import { binomialInterval } from "#shared/sprint/proof/binomial.js";
import { type Interval, intervalOf } from "../arena/interval.js";
import type { ComputeAttack, Play, Rate, Ring } from "./compute-attack.js";
import { openTinyField, type TinyField } from "./tiny-field.js";

/** A rate over all seeds, and the interval of 99.9 % of the probability behind it. */
export interface MeasuredRate extends Rate {
  readonly low: number;
  readonly high: number;
  /** Whether the formula fits what was measured. */
  readonly fits: boolean;
}

export interface ComputeResult {
  readonly attack: string;
  readonly payoff: Interval;
  readonly alpha: MeasuredRate | null;
  readonly beta: MeasuredRate;
  readonly stoppedBy: readonly string[];
}

const CONFIDENCE = 0.999;

/** What honest work pays, and the rounding of whole units. */
const HONEST = 1.001;

/** Plays attacks with each seed. The same seeds give the same results on every machine: integers and seeded draws throughout. */
export const playAttacks = async (
  attacks: readonly ComputeAttack[],
  seeds: readonly string[],
  onPlay: (attack: string, seed: string) => void = () => {},
): Promise<readonly ComputeResult[]> => {
  const plays = attacks.map((): Play[] => []);
  for (const seed of seeds) {
    const opened: { field: Promise<TinyField> | null } = { field: null };
    try {
      for (const [i, attack] of attacks.entries()) {
        plays[i]!.push(await attack.play(ringOf(`${attack.name} ${seed}`, seed, opened)));
        onPlay(attack.name, seed);
      }
    } finally {
      await (await opened.field)?.network.dispose();
    }
  }
  return attacks.map(({ name }, i) => resultOf(name, plays[i]!));
};

const ringOf = (own: string, seed: string, opened: { field: Promise<TinyField> | null }): Ring => ({
  seed: own,
  random: createRandom(own),
  beacon: (text) => sha256(Buffer.from(`${own} beacon ${text}`)),
  tiny: () => {
    opened.field ??= openTinyField(seed);
    return opened.field;
  },
});

/** @param plays of one attack, at least one */
export const resultOf = (attack: string, plays: readonly Play[]): ComputeResult => {
  const alphas = plays.flatMap(({ alpha }) => (alpha === null ? [] : [alpha]));
  return {
    attack,
    payoff:
      plays.length > 1
        ? intervalOf(plays.map(({ payoff }) => payoff))
        : { mean: plays[0]!.payoff, halfWidth: plays[0]!.luck ?? 0 },
    alpha: alphas.length === 0 ? null : measured(alphas),
    beta: measured(plays.map(({ beta }) => beta)),
    stoppedBy: [...new Set(plays.flatMap(({ stoppedBy }) => stoppedBy))].sort(),
  };
};

/** The events of all seeds together. The formula is the same for all: its mean weighted by trials where seeds differ. */
const measured = (rates: readonly Rate[]): MeasuredRate => {
  const sum = (of: (rate: Rate) => number): number => rates.reduce((total, rate) => total + of(rate), 0);
  const [events, trials] = [sum((rate) => rate.events), sum((rate) => rate.trials)];
  const computed = sum((rate) => rate.computed * rate.trials) / trials;
  const [low, high] = binomialInterval(events, trials, CONFIDENCE);
  const fits = low <= computed && computed <= high;
  return { of: rates[0]!.of, events, trials, computed, low, high, fits };
};

/** What speaks against the rules: the attack pays more than honest work by more than the interval, or a formula is wrong. */
export const faultsOf = ({ payoff, alpha, beta }: ComputeResult): readonly string[] => [
  ...(payoff.mean - payoff.halfWidth > HONEST ? [`pays ${payoff.mean.toFixed(3)} where honest work pays 1`] : []),
  ...(alpha === null || alpha.fits ? [] : [`α is not as computed: ${alpha.of}`]),
  ...(beta.fits ? [] : [`β is not as computed: ${beta.of}`]),
];
