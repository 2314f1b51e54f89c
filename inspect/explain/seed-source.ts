import { seedBlocks } from "#shared/protocol/seed.js";
import { evaluationSeeds, type SeedOrigin, seedRound } from "#shared/replay/evaluation-seeds.js";
import type { CycleSource } from "#shared/replay/source.js";

/** The source of the seed that drew the batches for a cycle's updates. */
export interface SeedSource {
  readonly origin: SeedOrigin;
  /** The beacon round whose pulse should make the seed. Null if the network names no beacon. */
  readonly round: number | null;
  /** First and last of the blocks whose hashes make the seed if no pulse does. */
  readonly blocks: readonly [number, number];
}

export const readSeedSource = async (
  source: Pick<CycleSource, "chain" | "network" | "networkHash">,
  cycle: number,
): Promise<SeedSource> => {
  const { chain, network } = source;
  const { closing, deciding } = seedBlocks(cycle, "evaluate", network);
  const { origin } = await evaluationSeeds(source, { cycle, purpose: "evaluate" });
  const round = network.beacon ? seedRound(await chain.timestamp(closing), network.beacon) : null;
  return { origin, round, blocks: [closing + 1, deciding] };
};

/** Describes the source, and how far it can be trusted, in one sentence. */
export const seedText = ({ origin, round, blocks: [first, last] }: SeedSource): string => {
  if (origin === "pulse")
    return `Its evaluation batches were drawn by the pulse of the beacon's round ${round}, which nobody could choose.`;
  const hashes = first === last ? `the hash of block ${first}` : `the hashes of blocks ${first} to ${last}`;
  const why =
    round === null
      ? "The network names no beacon"
      : `The chain had no pulse of the beacon's round ${round} by block ${last}`;
  return `${why}: the evaluation batches were drawn by ${hashes}, among which a producer could choose. That seed is weaker.`;
};
