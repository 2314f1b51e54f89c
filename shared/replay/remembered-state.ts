import { keepNewest } from "#shared/util/keep-newest.js";
import type { CycleContext } from "./source.js";

type StateChain = CycleContext["chain"];

/** Answers that are remembered of a chain: those of two cycles. */
const KEPT = 64;

const remembered = new WeakMap<StateChain, Map<string, Promise<unknown>>>();

/**
 * A chain that remembers what it read of past states. A node may drop a state after 256 blocks, which can be less than the time from the
 * begin of a train phase to the reveal phase.
 */
export const rememberedState = (chain: StateChain): StateChain => {
  const answers = remembered.get(chain) ?? new Map<string, Promise<unknown>>();
  remembered.set(chain, answers);
  const once = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const known = answers.get(key);
    if (known) return known as Promise<T>;
    const answer = read();
    answers.set(key, answer);
    keepNewest(answers, KEPT);
    answer.catch(() => answers.delete(key));
    return answer;
  };
  return {
    metagraph: (netuid, at) =>
      at === undefined ? chain.metagraph(netuid) : once(`metagraph ${netuid} ${at}`, () => chain.metagraph(netuid, at)),
    commitments: (netuid, at) =>
      at === undefined
        ? chain.commitments(netuid)
        : once(`commitments ${netuid} ${at}`, () => chain.commitments(netuid, at)),
    timestamp: (block) => once(`timestamp ${block}`, () => chain.timestamp(block)),
    blockHash: (block) => chain.blockHash(block),
    pulse: (round, at) => chain.pulse(round, at),
  };
};
