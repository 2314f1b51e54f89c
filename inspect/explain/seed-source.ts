import type { BeaconValue } from "#shared/beacon/value.js";
import { valueText } from "#shared/beacon/value-text.js";
import { seedBlocks } from "#shared/protocol/seed.js";
import type { ValueSource } from "#shared/replay/beacon-value.js";
import { evaluationSeeds, type SeedOrigin, seedRound } from "#shared/replay/evaluation-seeds.js";

/** The source of the seed that drew the batches for a cycle's updates. */
export interface SeedSource {
  readonly origin: SeedOrigin;
  /** The beacon round whose pulse should make the seed. Null if the network names no beacon. */
  readonly round: number | null;
  /** First and last of the blocks whose hashes make the seed if no pulse does. */
  readonly blocks: readonly [number, number];
  /** The beacon's value that the seed is mixed with. Null if the network file names no scheme. */
  readonly value: BeaconValue | null;
}

export const readSeedSource = async (source: ValueSource, cycle: number): Promise<SeedSource> => {
  const { chain, network } = source;
  const { closing, deciding } = seedBlocks(cycle, "evaluate", network);
  const { origin, value } = await evaluationSeeds(source, { cycle, purpose: "evaluate" });
  const round = network.beacon ? seedRound(await chain.timestamp(closing), network.beacon) : null;
  return { origin, round, blocks: [closing + 1, deciding], value };
};

/** Describes the source, and how far it can be trusted, in a sentence or two. */
export const seedText = ({ value, ...moment }: SeedSource): string =>
  value === null
    ? momentText(moment)
    : `${momentText(moment)} It is mixed with the beacon's value ${valueText(value)}.`;

const momentText = ({ origin, round, blocks: [first, last] }: Omit<SeedSource, "value">): string => {
  if (origin === "pulse")
    return `Its evaluation batches were drawn by the pulse of the beacon's round ${round}, which nobody could choose.`;
  const hashes = first === last ? `the hash of block ${first}` : `the hashes of blocks ${first} to ${last}`;
  const why =
    round === null
      ? "The network names no beacon"
      : `The chain had no pulse of the beacon's round ${round} by block ${last}`;
  return `${why}: the evaluation batches were drawn by ${hashes}, among which a producer could choose. That seed is weaker.`;
};
