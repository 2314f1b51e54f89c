/**
 * What a miner does with its cycle:
 * - honest: trains for the whole of it;
 * - lazy: trains for a small part of it;
 * - noise: commits an update that was never trained;
 * - copy: commits the best of the others' updates of the cycle;
 * - sybil: divides its training among several identities.
 */
export const BEHAVIOURS = ["honest", "lazy", "noise", "copy", "sybil"] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

/** Miners that are alike. */
export interface MinerKind {
  readonly name: string;
  readonly behaviour: Behaviour;
  readonly count: number;
  /** Loss reduction of a full cycle's update on perfect data, nats per token. */
  readonly skill: number;
  /** Standard deviation of its logarithm from cycle to cycle. */
  readonly spread: number;
  /** What the data lets through of the skill, 0–1. */
  readonly dataQuality: number;
  /** Share of a full cycle's training that it does. */
  readonly work: number;
  /** Probability of being there in a cycle. */
  readonly availability: number;
  /** What a full cycle's training costs, in the unit of the emission. */
  readonly cost: number;
  /** The first cycle in which it mines. */
  readonly arrives: number;
  /** Hotkeys that a miner mines under. */
  readonly identities: number;
}

const kind = (name: string, behaviour: Behaviour, count: number, change: Partial<MinerKind> = {}): MinerKind => ({
  name,
  behaviour,
  count,
  skill: 0.02,
  spread: 0.25,
  dataQuality: 1,
  work: 1,
  availability: 0.99,
  cost: 0.01,
  arrives: 0,
  identities: 1,
  ...change,
});

/** A subnet as one meets it: a few large miners, many of the middle, some small, newcomers, and one of every cheater. */
export const TYPICAL_POPULATION: readonly MinerKind[] = [
  kind("large", "honest", 4, { skill: 0.03, cost: 0.03 }),
  kind("mid-tier", "honest", 24),
  kind("small", "honest", 12, { skill: 0.012, cost: 0.004 }),
  kind("newcomer", "honest", 2, { arrives: 100 }),
  kind("lazy", "lazy", 2, { work: 0.05 }),
  kind("noise", "noise", 2, { work: 0 }),
  kind("copy", "copy", 2, { work: 0 }),
  kind("sybil", "sybil", 1, { identities: 4 }),
];

/** The same proportions with another number of miners in all, but at least one of each kind. */
export const scalePopulation = (kinds: readonly MinerKind[], miners: number): readonly MinerKind[] => {
  const total = kinds.reduce((sum, { count }) => sum + count, 0);
  let before = 0;
  return kinds.map((one) => {
    // Differences of rounded sums, so that they add up to the whole.
    const first = Math.round((before * miners) / total);
    before += one.count;
    return { ...one, count: Math.max(1, Math.round((before * miners) / total) - first) };
  });
};
