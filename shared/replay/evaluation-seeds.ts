import { roundAt } from "#shared/chain/timelock/beacon.js";
import { verifyPulse } from "#shared/chain/timelock/pulse.js";
import type { SeedBeacon } from "#shared/protocol/drand-beacon.js";
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
import { beaconOf } from "./evaluation-text.js";
import type { CycleContext } from "./source.js";

/** Where seeds came from: from a beacon's pulse, which nobody can choose, or from block hashes, which a block producer can influence. */
export type SeedOrigin = "pulse" | "blocks";

/** The seeds of a cycle's groups. */
export interface EvaluationSeeds {
  readonly origin: SeedOrigin;
  readonly ofGroups: Readonly<Record<string, string>>;
}

type SeedContext = Pick<CycleContext, "network" | "networkHash"> & {
  readonly chain: Pick<CycleContext["chain"], "blockHash" | "timestamp" | "pulse">;
};

export interface SeedQuestion {
  readonly cycle: number;
  readonly purpose: BatchPurpose;
}

/** What seeds are made of, and where it came from. */
export interface Entropy {
  readonly origin: SeedOrigin;
  /** 64 hex digits. */
  readonly entropy: string;
}

/** What a seed is drawn for. */
export interface EntropyQuestion {
  readonly cycle: number;
  readonly purpose: SeedPurpose;
}

/** A cycle's seeds, once the deciding block is on chain: a pure function of chain state, the same for everybody. */
export const evaluationSeeds = async (context: SeedContext, question: SeedQuestion): Promise<EvaluationSeeds> =>
  seedsFrom(context, question, await seedEntropy(context, question));

/** The seeds of the groups from their entropy. */
export const seedsFrom = (
  { network, networkHash }: SeedContext,
  { cycle, purpose }: SeedQuestion,
  { origin, entropy }: Entropy,
): EvaluationSeeds => ({
  origin,
  ofGroups: Object.fromEntries(
    Object.keys(network.groups).map((group) => [
      group,
      evaluationSeed({ purpose, network: networkHash, cycle, group, entropy }),
    ]),
  ),
});

/** A Sprint's seed, once its deciding block is on chain. */
export const readSprintSeed = async (
  context: SeedContext,
  { cycle, purpose }: { readonly cycle: number; readonly purpose: SprintPurpose },
): Promise<string> => {
  const { entropy } = await seedEntropy(context, { cycle, purpose });
  return sprintSeed({ purpose, network: context.networkHash, cycle, entropy });
};

/** The entropy of a seed, once the deciding block is on chain. */
export const seedEntropy = async (context: SeedContext, question: EntropyQuestion): Promise<Entropy> => {
  const blocks = seedBlocks(question.cycle, question.purpose, context.network);
  const early = await pulseEntropyAt(context, question, blocks.deciding);
  if (early) return early;
  const range = Array.from({ length: blocks.deciding - blocks.closing }, (_, i) => blocks.closing + 1 + i);
  const hashes = await Promise.all(range.map((block) => context.chain.blockHash(block)));
  return { origin: "blocks", entropy: blocksEntropy(hashes) };
};

/**
 * The entropy from the beacon's pulse, as soon as the chain has it: if the chain has a pulse before the deciding block, it also has it there.
 * Null without a beacon, without a pulse at block `at`, or if the chain's pulse is not the beacon's signature.
 */
export const pulseEntropyAt = async (
  { chain, network }: SeedContext,
  question: EntropyQuestion,
  at: number,
): Promise<Entropy | null> => {
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
  roundAt(closing, beaconOf({ beacon })) + beacon.delay;
