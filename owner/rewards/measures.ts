import type { MinerKind } from "./population.js";
import type { MinerResult, Simulation } from "./simulate.js";

/** Means over the miners of a kind, a cycle, in the unit of the emission. */
export interface KindMeasures {
  readonly name: string;
  readonly miners: number;
  readonly income: number;
  readonly cost: number;
  readonly profit: number;
  /** Cycles from arrival to the first pay, mean over those that were paid; null if none was. */
  readonly firstPaidAfter: number | null;
}

export interface Measures {
  readonly kinds: readonly KindMeasures[];
  /** Profit a cycle of the honest kind of middle skill: what keeps mid-tier hardware mining. */
  readonly midTierProfit: number;
  /** Of income, among honest miners: 0 all alike, 1 one has all. */
  readonly gini: number;
  /** Emission spent for each nat per token taken off the loss; null where none was. */
  readonly costOfLossReduction: number | null;
  readonly lossReduction: number;
  /** For each kind that cheats: its profit a cycle, less that of an honest miner of the same skill, who stays away where it would lose. */
  readonly attacks: readonly { readonly name: string; readonly gain: number }[];
  readonly incomeByPlace: readonly number[];
}

/** What a simulation of that many `cycles` came to, each paying the `emission`. */
export const measure = (
  { miners, incomeByPlace, lossReduction }: Simulation,
  { emission, cycles }: { readonly emission: number; readonly cycles: number },
): Measures => {
  const kinds = [...new Set(miners.map(({ kind }) => kind))];
  const of = (kind: MinerKind) =>
    kindMeasures(
      kind,
      miners.filter((miner) => miner.kind === kind),
    );
  const honest = kinds.filter(({ behaviour }) => behaviour === "honest");
  const bySkill = honest.filter(({ arrives }) => arrives === 0).sort((a, b) => a.skill - b.skill);
  const middle = bySkill[bySkill.length >> 1];
  return {
    kinds: kinds.map(of),
    midTierProfit: middle ? of(middle).profit : 0,
    gini: gini(miners.filter(({ kind }) => kind.behaviour === "honest").map(perCycle)),
    costOfLossReduction: lossReduction > 0 ? (emission * cycles) / lossReduction : null,
    lossReduction,
    attacks: kinds
      .filter(({ behaviour }) => behaviour !== "honest")
      .map((kind) => {
        const nearest = [...bySkill].sort((a, b) => Math.abs(a.skill - kind.skill) - Math.abs(b.skill - kind.skill))[0];
        return { name: kind.name, gain: of(kind).profit - (nearest ? Math.max(0, of(nearest).profit) : 0) };
      }),
    incomeByPlace,
  };
};

/** Mean absolute difference of all pairs, over twice the mean. 0 where there is nothing to compare. */
export const gini = (incomes: readonly number[]): number => {
  const sorted = [...incomes].sort((a, b) => a - b);
  const total = sorted.reduce((sum, income) => sum + income, 0);
  if (total === 0) return 0;
  const weighted = sorted.reduce((sum, income, i) => sum + income * (2 * i + 1 - sorted.length), 0);
  return weighted / (sorted.length * total);
};

const perCycle = ({ income, cycles }: MinerResult): number => (cycles > 0 ? income / cycles : 0);

const kindMeasures = ({ name }: MinerKind, miners: readonly MinerResult[]): KindMeasures => {
  const mean = (value: (miner: MinerResult) => number) =>
    miners.reduce((sum, miner) => sum + value(miner), 0) / miners.length;
  const income = mean(perCycle);
  const cost = mean((miner) => (miner.cycles > 0 ? miner.cost / miner.cycles : 0));
  const paid = miners.flatMap(({ firstPaidAfter }) => (firstPaidAfter === null ? [] : [firstPaidAfter]));
  const firstPaidAfter = paid.length > 0 ? paid.reduce((sum, cycles) => sum + cycles, 0) / paid.length : null;
  return { name, miners: miners.length, income, cost, profit: income - cost, firstPaidAfter };
};
