import { mixedEntropy } from "#shared/beacon/seed.js";
import type { BeaconValue } from "#shared/beacon/value.js";
import { drandBeacon, roundAt } from "#shared/chain/timelock/beacon.js";
import { verifyPulse } from "#shared/chain/timelock/pulse.js";
import type { SeedBeacon } from "#shared/protocol/network-file/drand-beacon.js";
import {
  type BatchPurpose,
  blocksEntropy,
  evaluationSeed,
  pulseEntropy,
  type SeedPurpose,
  type SprintPurpose,
  seedBlocks,
  sprintSeed,
} from "#shared/protocol/seed.js";
import { readBeaconValue, type ValueSource } from "./beacon-value.js";
import type { CycleContext } from "./source.js";

/** Where seeds came from: from a beacon's pulse, which nobody can choose, or from block hashes, which a block producer can influence. */
export type SeedOrigin = "pulse" | "blocks";

/** The seeds of a cycle's groups. */
export interface EvaluationSeeds {
  readonly origin: SeedOrigin;
  /** The cycle's value that they are mixed with. Null where the network file names no scheme. */
  readonly value: BeaconValue | null;
  readonly ofGroups: Readonly<Record<string, string>>;
}

type MomentContext = Pick<CycleContext, "network" | "networkHash"> & {
  readonly chain: Pick<CycleContext["chain"], "blockHash" | "timestamp" | "pulse">;
};

export interface SeedQuestion {
  readonly cycle: number;
  readonly purpose: BatchPurpose;
}

/** What one moment of a cycle gives to its seeds, and where it came from. */
export interface MomentEntropy {
  readonly origin: SeedOrigin;
  /** 64 hex digits. */
  readonly entropy: string;
}

/** What seeds are made of: the entropy of their moment, mixed with the cycle's value where the network file names a scheme. */
export interface Entropy extends MomentEntropy {
  readonly value: BeaconValue | null;
}

/** What a seed is drawn for. */
export interface EntropyQuestion {
  readonly cycle: number;
  readonly purpose: SeedPurpose;
}

/**
 * A cycle's seeds, once the deciding block is on chain: a pure function of chain state, and of the files that it names where the
 * network file names a scheme of the beacon, the same for everybody.
 *
 * @throws BlockZeroError FETCH_… if a file that counts is not available; what reading the chain throws
 */
export const evaluationSeeds = async (source: ValueSource, question: SeedQuestion): Promise<EvaluationSeeds> =>
  seedsFrom(source, question, await seedEntropy(source, question));

/** The seeds of the groups from their entropy. */
export const seedsFrom = (
  { network, networkHash }: Pick<CycleContext, "network" | "networkHash">,
  { cycle, purpose }: SeedQuestion,
  { origin, value, entropy }: Entropy,
): EvaluationSeeds => ({
  origin,
  value,
  ofGroups: Object.fromEntries(
    Object.keys(network.groups).map((group) => [
      group,
      evaluationSeed({ purpose, network: networkHash, cycle, group, entropy }),
    ]),
  ),
});

/** A Sprint's seed, once its deciding block is on chain. @throws as `evaluationSeeds` */
export const readSprintSeed = async (
  source: ValueSource,
  { cycle, purpose }: { readonly cycle: number; readonly purpose: SprintPurpose },
): Promise<string> => {
  const { entropy } = await seedEntropy(source, { cycle, purpose });
  return sprintSeed({ purpose, network: source.networkHash, cycle, entropy });
};

/** The entropy of a seed, once the deciding block is on chain. @throws as `evaluationSeeds` */
export const seedEntropy = async (source: ValueSource, question: EntropyQuestion): Promise<Entropy> =>
  mixedWith(await readBeaconValue(source, question.cycle), await momentEntropy(source, question));

/** The entropy of a moment, mixed with the cycle's value if there is one. */
export const mixedWith = (value: BeaconValue | null, { origin, entropy }: MomentEntropy): Entropy => ({
  origin,
  value,
  entropy: value === null ? entropy : mixedEntropy(value.value, entropy),
});

/** What the moment of a seed gives to it, once the deciding block is on chain. */
export const momentEntropy = async (context: MomentContext, question: EntropyQuestion): Promise<MomentEntropy> => {
  const blocks = seedBlocks(question.cycle, question.purpose, context.network);
  const early = await pulseEntropyAt(context, question, blocks.deciding);
  if (early) return early;
  const range = Array.from({ length: blocks.deciding - blocks.closing }, (_, i) => blocks.closing + 1 + i);
  const hashes = await Promise.all(range.map((block) => context.chain.blockHash(block)));
  return { origin: "blocks", entropy: blocksEntropy(hashes) };
};

/**
 * A moment's entropy from the beacon's pulse, as soon as the chain has it: if the chain has a pulse before the deciding block, it also has it there.
 * Null without a beacon, without a pulse at block `at`, or if the chain's pulse is not the beacon's signature.
 */
export const pulseEntropyAt = async (
  { chain, network }: MomentContext,
  question: EntropyQuestion,
  at: number,
): Promise<MomentEntropy | null> => {
  if (!network.beacon) return null;
  const { closing, deciding } = seedBlocks(question.cycle, question.purpose, network);
  const round = seedRound(await chain.timestamp(closing), network.beacon);
  const pulse = await chain.pulse(round, Math.min(at, deciding));
  if (!pulse || !verifyPulse(network.beacon.public_key, round, pulse)) return null;
  return { origin: "pulse", entropy: pulseEntropy(await chain.blockHash(closing), pulse) };
};

/**
 * The round whose pulse makes a seed: `delay` after the newest one at the time of the closing block. It is published when that block can no
 * longer be changed.
 *
 * @param closing milliseconds since the epoch
 */
export const seedRound = (closing: number, beacon: SeedBeacon): number =>
  roundAt(closing, drandBeacon(beacon)) + beacon.delay;
