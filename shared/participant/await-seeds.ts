import { reasonOf } from "#shared/errors/error.js";
import { type SprintPurpose, seedBlocks, seedWindow, sprintSeed } from "#shared/protocol/seed.js";
import { readBeaconValue } from "#shared/replay/beacon-value.js";
import {
  type Entropy,
  type EntropyQuestion,
  type EvaluationSeeds,
  type MomentEntropy,
  mixedWith,
  momentEntropy,
  pulseEntropyAt,
  type SeedQuestion,
  seedEntropy,
  seedsFrom,
} from "#shared/replay/evaluation-seeds.js";
import { awaitBeaconValue, type ValueWaiting } from "./beacon/await-value.js";
import { cycleSource } from "./cycle-source.js";
import { throughFaults } from "./through-faults.js";

/** Waits for a cycle's seeds by group, until they are certain. */
export const awaitSeeds = async (
  participant: ValueWaiting,
  question: SeedQuestion,
): Promise<EvaluationSeeds["ofGroups"]> =>
  seedsFrom(participant, question, await awaitEntropy(participant, question)).ofGroups;

/** Waits for a seed of a cycle's Sprint, until it is certain. */
export const awaitSprintSeed = async (
  participant: ValueWaiting,
  question: { readonly cycle: number; readonly purpose: SprintPurpose },
): Promise<string> => {
  const { entropy } = await awaitEntropy(participant, question);
  return sprintSeed({ ...question, network: participant.networkHash, entropy });
};

/**
 * Whether a Sprint's seed that was waited for is still the chain's. A fork may have replaced the block that it is made of: what is signed by it is
 * then false to everybody else. Also true where the chain cannot be read.
 */
export const isSeedInForce = (
  participant: ValueWaiting,
  question: { readonly cycle: number; readonly purpose: SprintPurpose },
  seed: string,
): Promise<boolean> =>
  isInForce(
    participant,
    question,
    ({ entropy }) => sprintSeed({ ...question, network: participant.networkHash, entropy }) === seed,
  );

/** The same of the groups' seeds. */
export const areSeedsInForce = (
  participant: ValueWaiting,
  question: SeedQuestion,
  seeds: EvaluationSeeds["ofGroups"],
): Promise<boolean> =>
  isInForce(participant, question, (entropy) => {
    const { ofGroups } = seedsFrom(participant, question, entropy);
    return Object.entries(ofGroups).every(([group, seed]) => seeds[group] === seed);
  });

const isInForce = async (
  participant: ValueWaiting,
  question: EntropyQuestion,
  isOf: (entropy: Entropy) => boolean,
): Promise<boolean> => {
  try {
    const entropy = await entropyNow(participant, question);
    return entropy === null || isOf(entropy);
  } catch (thrown) {
    participant.signal.throwIfAborted();
    participant.log.warn("a seed cannot be read again", { ...question, reason: reasonOf(thrown) });
    return true;
  }
};

/** The entropy that the chain gives now. Null before the deciding block without a pulse: a fork took it away, and may bring it again. */
const entropyNow = async (participant: ValueWaiting, question: EntropyQuestion): Promise<Entropy | null> => {
  const source = cycleSource(participant);
  const head = participant.clock.head.number;
  if (head >= seedBlocks(question.cycle, question.purpose, participant.network).deciding)
    return seedEntropy(source, question);
  const early = await pulseEntropyAt(participant, question, head);
  return early && mixedWith(await readBeaconValue(source, question.cycle), early);
};

/**
 * Waits for the entropy of a seed, until it is certain, and no longer than the phase in which the seed is of use. A chain that does not answer is
 * asked again at the next block.
 *
 * @throws BlockZeroError FETCH_… if the seed is mixed with a value that cannot be opened here; what reading the chain throws
 */
const awaitEntropy = async (participant: ValueWaiting, question: EntropyQuestion): Promise<Entropy> => {
  const { cycle, purpose } = question;
  // The reveal phase may end a block after the value is decided. A Sprint's network may still be loaded while others search.
  const lasting = purpose === "sprint-network" ? "sprint-inputs" : purpose;
  const { end } = seedWindow(cycle, lasting, participant.network.phases);
  const { deciding } = seedBlocks(cycle, purpose, participant.network);
  // At least once more after the deciding block.
  const limit = { name: `the seed ${purpose} of cycle ${cycle}`, deadline: Math.max(end, deciding + 3) };
  const moment = await throughFaults(participant, limit, () => awaitMoment(participant, question));
  return mixedWith(await awaitBeaconValue(participant, { cycle, deadline: end }), moment);
};

/**
 * Waits for what a seed's moment gives, until it is certain: when the beacon's pulse is there, at the latest at the deciding block. The state of
 * that block tells everybody whether to use the pulse or the block hashes.
 */
const awaitMoment = async (participant: ValueWaiting, question: EntropyQuestion): Promise<MomentEntropy> => {
  const { clock, network, log, signal } = participant;
  const { closing, deciding } = seedBlocks(question.cycle, question.purpose, network);
  let head = await clock.reach(closing + 1, signal);
  while (head.number < deciding) {
    const early = await pulseEntropyAt(participant, question, head.number);
    if (early) return early;
    head = await clock.reach(head.number + 1, signal);
  }
  const found = await momentEntropy(participant, question);
  if (found.origin === "blocks" && network.beacon)
    log.warn("no pulse of the beacon in time: the seed is made of block hashes, among which a producer can choose", {
      ...question,
      block: deciding,
    });
  return found;
};
