import { l2Norm } from "#shared/artifact/update.js";

/** An update, its tensors in ascending order of name. */
export type Update = readonly Float32Array[];

export interface Attacker {
  readonly name: string;
  /** What each of the attackers submits. @param honest what it would have submitted @param others what the honest miners submit */
  readonly submit: (honest: Update, others: readonly Update[], noise: () => number) => Update;
}

const map = (update: Update, change: (value: number, tensor: number, i: number) => number): Update =>
  update.map((data, t) => data.map((value, i) => change(value, t, i)));

const normOf = (update: Update): number => l2Norm(update.map((data) => ({ data })));

/** The most that an update may add to the weights it changes, as the norm gate has it, relative to an honest one. */
const LOUD = 10;
/** Standard deviations from the honest mean: near enough to be taken for one of them. */
const LITTLE = 1.5;

export const nobody = "nobody cheats";

/** What those do who want the model worse. */
export const attackers: readonly Attacker[] = [
  {
    name: "noise as long as an honest update",
    submit: (honest, _, noise) => {
      const random = map(honest, () => noise() - 0.5);
      const scale = normOf(honest) / normOf(random);
      return map(random, (value) => scale * value);
    },
  },
  { name: "the opposite", submit: (honest) => map(honest, (value) => -value) },
  { name: `the opposite, ${LOUD} times`, submit: (honest) => map(honest, (value) => -LOUD * value) },
  { name: `${LOUD} times too long`, submit: (honest) => map(honest, (value) => LOUD * value) },
  {
    // Baruch, Baruch, Goldberg, "A Little Is Enough: Circumventing Defenses For Distributed Learning", 2019.
    name: "a little off the mean, together",
    submit: (honest, others) =>
      map(honest, (_, t, i) => {
        const values = others.map((update) => update[t]![i]!);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
        return mean - LITTLE * Math.sqrt(variance);
      }),
  },
];
