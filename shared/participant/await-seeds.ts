import { type SprintPurpose, seedBlocks, sprintSeed } from "#shared/protocol/seed.js";
import {
  type Entropy,
  type EntropyQuestion,
  type EvaluationSeeds,
  pulseEntropyAt,
  type SeedQuestion,
  seedEntropy,
  seedsFrom,
} from "#shared/replay/evaluation-seeds.js";
import type { Participant } from "./participant.js";

type Waiting = Pick<Participant, "chain" | "clock" | "network" | "networkHash" | "log" | "signal">;

/** Waits for a cycle's seeds by group, until they are certain. */
export const awaitSeeds = async (participant: Waiting, question: SeedQuestion): Promise<EvaluationSeeds["ofGroups"]> =>
  seedsFrom(participant, question, await awaitEntropy(participant, question)).ofGroups;

/** Waits for a seed of a cycle's Sprint, until it is certain. */
export const awaitSprintSeed = async (
  participant: Waiting,
  question: { readonly cycle: number; readonly purpose: SprintPurpose },
): Promise<string> => {
  const { entropy } = await awaitEntropy(participant, question);
  return sprintSeed({ ...question, network: participant.networkHash, entropy });
};

/**
 * Waits for the entropy of a seed, until it is certain: when the beacon's pulse is there, at the latest at the deciding block. The state of
 * that block tells everybody whether to use the pulse or the block hashes.
 */
const awaitEntropy = async (participant: Waiting, question: EntropyQuestion): Promise<Entropy> => {
  const { clock, network, log, signal } = participant;
  const { closing, deciding } = seedBlocks(question.cycle, question.purpose, network);
  let head = await clock.reach(closing + 1, signal);
  while (head.number < deciding) {
    const early = await pulseEntropyAt(participant, question, head.number);
    if (early) return early;
    head = await clock.reach(head.number + 1, signal);
  }
  const found = await seedEntropy(participant, question);
  if (found.origin === "blocks" && network.beacon)
    log.warn("no pulse of the beacon in time: the seed is made of block hashes, among which a producer can choose", {
      ...question,
      block: deciding,
    });
  return found;
};
