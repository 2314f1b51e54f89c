import { normal } from "#shared/data/normal.js";
import { type Random, type RandomState, xoshiro } from "#shared/data/xoshiro.js";
import { studentQuantile } from "#shared/scoring/student-t.js";
import type { Economy } from "./economy.js";
import { createPayroll } from "./payout.js";
import type { MinerKind } from "./population.js";

export interface SimulationOptions {
  readonly economy: Economy;
  readonly kinds: readonly MinerKind[];
  readonly cycles: number;
  readonly seed: number;
}

/** One miner at the end, its identities taken together. Amounts in the unit of the emission. */
export interface MinerResult {
  readonly kind: MinerKind;
  /** Cycles since it arrived. */
  readonly cycles: number;
  readonly income: number;
  readonly cost: number;
  /** Cycles from its arrival to its first pay; null if there was none. */
  readonly firstPaidAfter: number | null;
}

export interface Simulation {
  readonly miners: readonly MinerResult[];
  /** Mean income of a cycle by place, best first. */
  readonly incomeByPlace: readonly number[];
  /** Sum over the cycles of what the merged updates took off the loss, nats per token. */
  readonly lossReduction: number;
  /** Income of a cycle by kind, one row a cycle. */
  readonly incomeByKind: readonly (readonly number[])[];
}

interface Identity {
  readonly miner: number;
  readonly kind: MinerKind;
}

/**
 * Lets a population mine under an economy. A cycle: every identity's update improves the model by what its kind can do; validators measure
 * that with the noise of their batches and score its lower confidence bound; the best are merged; pay follows.
 */
export const simulate = ({ economy, kinds, cycles, seed }: SimulationOptions): Simulation => {
  const random = xoshiro(stateOf(seed));
  const miners = kinds.flatMap((kind) => new Array<MinerKind>(kind.count).fill(kind));
  const identities = miners.flatMap((kind, miner) => new Array<Identity>(kind.identities).fill({ miner, kind }));
  const pay = createPayroll(economy, identities.length);
  const score = scorer(economy, random);
  const income = new Float64Array(miners.length);
  const firstPaid = new Array<number | null>(miners.length).fill(null);
  const incomeByPlace = new Float64Array(identities.length);
  const incomeByKind: number[][] = [];
  const kindOf = new Map(kinds.map((kind, i) => [kind, i]));
  let lossReduction = 0;

  for (let cycle = 0; cycle < cycles; cycle++) {
    const truths = improvements(identities, economy, cycle, random);
    const scores = truths.map((truth) => (truth === null ? null : score(truth)));
    lossReduction += mergedImprovement(truths, scores, economy.merged);
    const paid = pay(scores);
    for (const [place, identity] of paid.ranking.entries())
      incomeByPlace[place] = incomeByPlace[place]! + paid.income[identity]! / cycles;
    const byKind = new Array<number>(kinds.length).fill(0);
    for (const [identity, amount] of paid.income.entries()) {
      const { miner, kind } = identities[identity]!;
      income[miner] = income[miner]! + amount;
      byKind[kindOf.get(kind)!] = byKind[kindOf.get(kind)!]! + amount;
      if (amount > 0) firstPaid[miner] ??= cycle - kind.arrives;
    }
    incomeByKind.push(byKind);
  }

  const results = miners.map((kind, miner): MinerResult => {
    const there = Math.max(0, cycles - kind.arrives);
    const cost = there * (kind.cost * kind.work + economy.identityCost * kind.identities);
    return { kind, cycles: there, income: income[miner]!, cost, firstPaidAfter: firstPaid[miner] ?? null };
  });
  return { miners: results, incomeByPlace: [...incomeByPlace], lossReduction, incomeByKind };
};

/** What each identity's update really takes off the loss; null for those that are not there, or whose copy was recognised. */
const improvements = (
  identities: readonly Identity[],
  { concavity, duplicateRecall }: Economy,
  cycle: number,
  random: Random,
): (number | null)[] => {
  const trained = identities.map(({ kind }): number | null => {
    if (cycle < kind.arrives || random.next() >= kind.availability) return null;
    const full = kind.skill * kind.dataQuality * Math.exp(kind.spread * normal(random) - kind.spread ** 2 / 2);
    switch (kind.behaviour) {
      case "noise":
        return -full;
      case "copy":
        return null;
      default:
        return full * (kind.work / kind.identities) ** concavity;
    }
  });
  const best = Math.max(...trained.map((improvement) => improvement ?? 0));
  return trained.map((improvement, i) =>
    identities[i]!.kind.behaviour === "copy" && cycle >= identities[i]!.kind.arrives
      ? random.next() < duplicateRecall
        ? null
        : best
      : improvement,
  );
};

const scorer = ({ batches, batchNoise, confidence, exponent }: Economy, random: Random) => {
  const standardError = batchNoise / Math.sqrt(batches);
  const margin = studentQuantile(confidence, batches - 1) * standardError;
  return (truth: number) => Math.max(0, truth + normal(random) * standardError - margin) ** exponent;
};

/** The score-weighted mean of the best updates' improvements: what merging gains beyond that mean is left out. */
const mergedImprovement = (truths: readonly (number | null)[], scores: readonly (number | null)[], most: number) => {
  const best = scores
    .map((score, i) => ({ score: score ?? 0, truth: truths[i] ?? 0 }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, most);
  const total = best.reduce((sum, { score }) => sum + score, 0);
  return total === 0 ? 0 : best.reduce((sum, { score, truth }) => sum + (score / total) * truth, 0);
};

/** Weyl steps of splitmix's constant, so that near seeds start far apart. */
const stateOf = (seed: number): RandomState => {
  const word = (step: number) => (seed + Math.imul(step, 0x9e3779b9)) >>> 0;
  return [word(1), word(2), word(3), word(4)];
};
