import type { Participant } from "#shared/participant/participant.js";
import { seedBlocks } from "#shared/protocol/seed.js";
import {
  type EvaluationSeeds,
  evaluationSeeds,
  pulseSeeds,
  type SeedQuestion,
} from "#shared/replay/evaluation-seeds.js";

type Waiting = Pick<Participant, "chain" | "clock" | "network" | "networkHash" | "log" | "signal">;

/**
 * Waits for a cycle's seeds by group, until they are certain: when the beacon's pulse is there, at the latest at the deciding block. The
 * state of that block tells everybody whether to use the pulse or the block hashes.
 */
export const awaitSeeds = async (
  participant: Waiting,
  question: SeedQuestion,
): Promise<EvaluationSeeds["ofGroups"]> => {
  const { clock, network, log, signal } = participant;
  const { closing, deciding } = seedBlocks(question.cycle, question.purpose, network);
  let head = await clock.reach(closing + 1, signal);
  while (head.number < deciding) {
    const early = await pulseSeeds(participant, question, head.number);
    if (early) return early.ofGroups;
    head = await clock.reach(head.number + 1, signal);
  }
  const { origin, ofGroups } = await evaluationSeeds(participant, question);
  if (origin === "blocks" && network.beacon)
    log.warn("no pulse of the beacon in time: the seed is made of block hashes, among which a producer can choose", {
      ...question,
      block: deciding,
    });
  return ofGroups;
};
