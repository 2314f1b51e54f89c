import { createRandom } from "#shared/data/random.js";
import { createSketcher } from "#shared/independence/count-sketch.js";
import { independenceOf, type Measured } from "#shared/independence/independence.js";
import { proportional } from "#shared/rewards/curves/proportional.js";
import { mean } from "#shared/util/mean.js";
import { disguises } from "./disguises.js";
import type { Population, Trained } from "./population.js";

export const IDENTITIES = [2, 4, 8, 16] as const;
export const OTHERS = [1, 2, 4, 7] as const;
/** Of the equal miners these are the attacker, one after another. */
const ATTACKERS = [7, 0, 3];

/** A figure of the rule without witnesses, and with them. */
export interface Both<T> {
  readonly without: T;
  readonly witnessed: T;
}

/** What a miner of some size gets, relative to the mean of the equal ones. */
export interface Size extends Pick<Trained, "name" | "steps" | "rate" | "gain"> {
  readonly independence: Both<number>;
  readonly pay: Both<number>;
}

/** What one training gets under many hotkeys, relative to what it gets under one; the mean over attackers. */
export interface Gain {
  readonly disguise: string;
  readonly identities: number;
  readonly others: number;
  readonly gain: Both<number>;
}

export interface Figures {
  /** Independence of the equal miners by themselves. */
  readonly equals: Both<readonly number[]>;
  /** All sizes in one group. */
  readonly sizes: readonly Size[];
  readonly gains: readonly Gain[];
}

/** Independence of updates by one of both rules. */
type Rule = (updates: readonly Measured[]) => readonly number[];
type ByBoth = <T>(of: (rule: Rule) => T) => Both<T>;

/** @param exponent of the default curve, by which shares are paid as if scores were the loss reductions */
export const measure = ({ miners, witnesses }: Population, exponent: number): Figures => {
  const sketches = witnesses.map((elements) => sketcher([elements]));
  const byBoth: ByBoth = (of) => ({
    without: of((updates) => independenceOf(updates, [])),
    witnessed: of((updates) => independenceOf(updates, [], { witnesses: sketches })),
  });
  const updates = miners.map(sketched);
  const equals = equalsOf(miners).map((one) => updates[miners.indexOf(one)]!);
  return {
    equals: byBoth((rule) => rule(equals)),
    sizes: measureSizes(miners, updates, exponent, byBoth),
    gains: measureGains(equalsOf(miners), equals, exponent, byBoth),
  };
};

const sketcher = createSketcher("7".repeat(64));

const sketched = ({ elements, gain }: Pick<Trained, "elements" | "gain">): Measured => ({
  sketch: sketcher([elements]),
  gain,
});

const equalsOf = (miners: readonly Trained[]) => miners.filter(({ steps, rate }) => steps === 1 && rate === 1);

const payOf = (rule: Rule, updates: readonly Measured[], exponent: number): readonly number[] => {
  const curve = proportional({ exponent })(updates.map(({ gain }) => gain));
  return rule(updates).map((share, i) => share * curve[i]!);
};

const measureSizes = (
  miners: readonly Trained[],
  updates: readonly Measured[],
  exponent: number,
  byBoth: ByBoth,
): readonly Size[] => {
  const equals = equalsOf(miners).map((one) => miners.indexOf(one));
  const relative = (values: readonly number[]) => {
    const usual = mean(equals.map((i) => values[i]!));
    return values.map((value) => value / usual);
  };
  const independence = byBoth((rule) => relative(rule(updates)));
  const pay = byBoth((rule) => relative(payOf(rule, updates, exponent)));
  const at = (of: Both<readonly number[]>, i: number): Both<number> => ({
    without: of.without[i]!,
    witnessed: of.witnessed[i]!,
  });
  return miners.map(({ name, steps, rate, gain }, i) => ({
    ...{ name, steps, rate, gain },
    independence: at(independence, i),
    pay: at(pay, i),
  }));
};

/** Disguised updates count as lowering the loss as much as the original, which is more than they do. */
const measureGains = (
  equals: readonly Trained[],
  updates: readonly Measured[],
  exponent: number,
  byBoth: ByBoth,
): readonly Gain[] => {
  const found = new Map<string, Omit<Gain, "gain"> & { readonly gains: Both<number>[] }>();
  for (const attacker of ATTACKERS) {
    const own = equals[attacker]!;
    const honest = updates.filter((_, i) => i !== attacker);
    for (const { name, apply } of disguises)
      for (const identities of IDENTITIES) {
        const random = createRandom(`${name}/${identities}/${attacker}`);
        const made = apply(own.elements, identities, random).map((elements) => sketched({ elements, gain: own.gain }));
        for (const others of OTHERS) {
          const field = honest.slice(0, others);
          const shareOf = (rule: Rule, last: readonly Measured[]) => {
            const pay = payOf(rule, [...field, ...last], exponent);
            const sum = (of: readonly number[]) => of.reduce((total, value) => total + value, 0);
            return sum(pay.slice(others)) / sum(pay);
          };
          const key = `${name}/${identities}/${others}`;
          const entry = found.get(key) ?? { disguise: name, identities, others, gains: [] };
          entry.gains.push(byBoth((rule) => shareOf(rule, made) / shareOf(rule, [updates[attacker]!])));
          found.set(key, entry);
        }
      }
  }
  return [...found.values()].map(({ gains, ...entry }) => ({
    ...entry,
    gain: {
      without: mean(gains.map(({ without }) => without)),
      witnessed: mean(gains.map(({ witnessed }) => witnessed)),
    },
  }));
};
