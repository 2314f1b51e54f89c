import { roundAt } from "#shared/chain/timelock/beacon.js";
import { verifyPulse } from "#shared/chain/timelock/pulse.js";
import type { SeedBeacon } from "#shared/protocol/drand-beacon.js";
import { blocksEntropy, evaluationSeed, pulseEntropy, type SeedPurpose, seedBlocks } from "#shared/protocol/seed.js";
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
  readonly purpose: SeedPurpose;
}

/** A cycle's seeds, once the deciding block is on chain: a pure function of chain state, the same for everybody. */
export const evaluationSeeds = async (context: SeedContext, question: SeedQuestion): Promise<EvaluationSeeds> => {
  const blocks = seedBlocks(question.cycle, question.purpose, context.network);
  const early = await pulseSeeds(context, question, blocks.deciding);
  if (early) return early;
  const range = Array.from({ length: blocks.deciding - blocks.closing }, (_, i) => blocks.closing + 1 + i);
  const hashes = await Promise.all(range.map((block) => context.chain.blockHash(block)));
  return { origin: "blocks", ofGroups: seedsFrom(context, question, blocksEntropy(hashes)) };
};

/**
 * The seeds from the beacon's pulse, as soon as the chain has it: if the chain has a pulse before the deciding block, it also has it there.
 * Null without a beacon, without a pulse at block `at`, or if the chain's pulse is not the beacon's signature.
 */
export const pulseSeeds = async (
  context: SeedContext,
  question: SeedQuestion,
  at: number,
): Promise<EvaluationSeeds | null> => {
  const { chain, network } = context;
  if (!network.beacon) return null;
  const { closing, deciding } = seedBlocks(question.cycle, question.purpose, network);
  const round = seedRound(await chain.timestamp(closing), network.beacon);
  const pulse = await chain.pulse(round, Math.min(at, deciding));
  if (!pulse || !verifyPulse(network.beacon.public_key, round, pulse)) return null;
  const entropy = pulseEntropy(await chain.blockHash(closing), pulse);
  return { origin: "pulse", ofGroups: seedsFrom(context, question, entropy) };
};

/**
 * The round whose pulse makes a seed: `delay` after the newest one at the time of the closing block. It is published when that block can no
 * longer be changed.
 *
 * @param closing milliseconds since the epoch
 */
export const seedRound = (closing: number, beacon: SeedBeacon): number =>
  roundAt(closing, beaconOf({ beacon })) + beacon.delay;

const seedsFrom = (
  { network, networkHash }: SeedContext,
  { cycle, purpose }: SeedQuestion,
  entropy: string,
): EvaluationSeeds["ofGroups"] =>
  Object.fromEntries(
    Object.keys(network.groups).map((group) => [
      group,
      evaluationSeed({ purpose, network: networkHash, cycle, group, entropy }),
    ]),
  );
