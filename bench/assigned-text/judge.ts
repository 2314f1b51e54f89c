import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { studentCdf, studentQuantile } from "#shared/scoring/student-t.js";
import { mean } from "#shared/util/mean.js";
import type { Figures, Told } from "./measure.js";

/** Chance that an honest miner of half the steps fails in a cycle. */
const FALSE_ALARM = 0.001;
/** Degrees of freedom with which Student's distribution is the normal one. */
const MANY = 1000;

/** A share of the steps, judged by one of the statistics. */
export interface Judged {
  readonly share: number;
  /** Mean statistic of honest miners of half, the usual and twice the steps. */
  readonly honest: readonly number[];
  /** What these take off the held-out loss, relative to usual trainings without a slice. */
  readonly gains: readonly number[];
  /** What is less is no training on the slice. */
  readonly threshold: number;
  /** Chance that who did not train on its slice is found out. */
  readonly power: number;
  /** The cheapest cheat for each number of identities. */
  readonly best: readonly Best[];
}

export interface Best {
  readonly identities: number;
  readonly steps: number;
  readonly rate: number;
  /** Chance to pass. */
  readonly passes: number;
  /** Pay for the work, that of honest miners of the usual size being 1. */
  readonly gain: number;
}

export const IDENTITIES = [2, 4, 8, 16];

/**
 * Takes statistics for normal, with one deviation for all updates of a base, and pay for a part of a large pool.
 *
 * @param usual    steps of a training
 * @param exponent of the default curve
 */
export const judge = (
  { gains, honest, cheats }: Figures,
  which: keyof Told,
  { usual, exponent }: { usual: number; exponent: number },
): { readonly deviation: number; readonly judged: readonly Judged[] } => {
  const cells = groupsOf(honest, ({ share, size }) => `${share}/${size}`);
  const idle = cheats.filter(({ steps }) => steps === 0).map((one) => one[which]);
  const deviation = Math.max(spreadOf(idle).deviation, pooled(cells.map((cell) => cell.map((one) => one[which]))));
  const judged = groupsOf(honest, ({ share }) => String(share)).map((cell): Judged => {
    const bySize = [...groupsOf(cell, ({ size }) => String(size))].sort((a, b) => a[0]!.size - b[0]!.size);
    const means = bySize.map((one) => mean(one.map((training) => training[which])));
    const losses = bySize.map((one) => mean(one.map(({ gain }) => gain)));
    const usualLoss = losses[bySize.findIndex(([one]) => one!.size === 1)]!;
    const threshold = means[0]! - studentQuantile(1 - FALSE_ALARM, MANY) * deviation;
    const ways = groupsOf(cheats, ({ steps, rate }) => `${steps}/${rate}`).map((way) => {
      const passes = studentCdf((mean(way.map((one) => one[which])) - threshold) / deviation, MANY);
      return { steps: way[0]!.steps, rate: way[0]!.rate, passes, gain: mean(way.map(({ gain }) => gain)) };
    });
    const best = IDENTITIES.map((identities): Best => {
      const all = ways.map(({ steps, rate, passes, gain }) => {
        const work = 1 + (identities * steps) / usual;
        const pay = identities * passes * (Math.max(0, gain) / usualLoss) ** exponent;
        return { identities, steps, rate, passes, gain: pay / work };
      });
      return all.reduce((a, b) => (b.gain > a.gain ? b : a));
    });
    return {
      ...{ share: cell[0]!.share, threshold, best, honest: means },
      gains: losses.map((loss) => loss / mean(gains)),
      power: 1 - ways.find(({ steps }) => steps === 0)!.passes,
    };
  });
  return { deviation, judged };
};

/** Standard deviation of values about the means of their cells. */
const pooled = (cells: readonly (readonly number[])[]): number => {
  const several = cells.filter(({ length }) => length > 1);
  const freedom = several.reduce((sum, { length }) => sum + length - 1, 0);
  const squares = several.reduce((sum, cell) => sum + spreadOf(cell).deviation ** 2 * (cell.length - 1), 0);
  return Math.sqrt(squares / freedom);
};

export const groupsOf = <T>(values: readonly T[], keyOf: (value: T) => string): readonly (readonly T[])[] => {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return [...groups.values()];
};
