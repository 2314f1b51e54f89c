import { createRandom } from "#shared/data/random.js";
import { createSketcher } from "#shared/independence/count-sketch.js";
import { independenceOf, type Measured } from "#shared/independence/independence.js";
import { proportional } from "#shared/rewards/curves/proportional.js";
import { mean } from "#shared/util/mean.js";
import { disguises } from "./disguises.js";
import type { Trained } from "./population.js";

export const IDENTITIES = [2, 4, 8, 16] as const;
export const OTHERS = [1, 2, 4, 7] as const;
/** Of the equal miners these are the attacker, one after another. */
const ATTACKERS = [7, 0, 3];

/** What a miner of some size gets, relative to the mean of the equal ones. */
export interface Size extends Pick<Trained, "name" | "steps" | "rate" | "gain"> {
  readonly independence: number;
  readonly pay: number;
}

/** What one training gets under many hotkeys, relative to what it gets under one; the mean over attackers. */
export interface Gain {
  readonly disguise: string;
  readonly identities: number;
  readonly others: number;
  readonly gain: number;
}

const sketcher = createSketcher("7".repeat(64));

/** Pay by the default curve, as if scores were the loss reductions. */
const payOf = (updates: readonly Measured[], exponent: number): readonly number[] => {
  const curve = proportional({ exponent })(updates.map(({ gain }) => gain));
  return independenceOf(updates, []).map((share, i) => share * curve[i]!);
};

const sketched = ({ elements, gain }: Pick<Trained, "elements" | "gain">): Measured => ({
  sketch: sketcher([elements]),
  gain,
});

const equalsOf = (population: readonly Trained[]) => population.filter(({ steps, rate }) => steps === 1 && rate === 1);

/** All sizes in one group. */
export const measureSizes = (population: readonly Trained[], exponent: number): readonly Size[] => {
  const updates = population.map(sketched);
  const shares = independenceOf(updates, []);
  const pay = payOf(updates, exponent);
  const equals = equalsOf(population).map((one) => population.indexOf(one));
  const [usualShare, usualPay] = [mean(equals.map((i) => shares[i]!)), mean(equals.map((i) => pay[i]!))];
  return population.map(({ name, steps, rate, gain }, i) => {
    return { name, steps, rate, gain, independence: shares[i]! / usualShare, pay: pay[i]! / usualPay };
  });
};

/** The equal miners by themselves. */
export const measureEquals = (population: readonly Trained[]): readonly number[] =>
  independenceOf(equalsOf(population).map(sketched), []);

/** Disguised updates count as lowering the loss as much as the original, which is more than they do. */
export const measureGains = (population: readonly Trained[], exponent: number): readonly Gain[] => {
  const equals = equalsOf(population);
  const updates = equals.map(sketched);
  const found = new Map<string, Omit<Gain, "gain"> & { readonly gains: number[] }>();
  for (const attacker of ATTACKERS) {
    const own = equals[attacker]!;
    const honest = updates.filter((_, i) => i !== attacker);
    for (const { name, apply } of disguises)
      for (const identities of IDENTITIES) {
        const random = createRandom(`${name}/${identities}/${attacker}`);
        const made = apply(own.elements, identities, random).map((elements) => sketched({ elements, gain: own.gain }));
        for (const others of OTHERS) {
          const field = honest.slice(0, others);
          const shareOf = (last: readonly Measured[]) => {
            const pay = payOf([...field, ...last], exponent);
            const sum = (of: readonly number[]) => of.reduce((total, value) => total + value, 0);
            return sum(pay.slice(others)) / sum(pay);
          };
          const key = `${name}/${identities}/${others}`;
          const entry = found.get(key) ?? { disguise: name, identities, others, gains: [] };
          entry.gains.push(shareOf(made) / shareOf([updates[attacker]!]));
          found.set(key, entry);
        }
      }
  }
  return [...found.values()].map(({ gains, ...entry }) => ({ ...entry, gain: mean(gains) }));
};
