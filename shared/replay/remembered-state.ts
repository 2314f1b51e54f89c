import { keepNewest } from "#shared/util/keep-newest.js";
import type { CycleContext } from "./source.js";

type StateChain = CycleContext["chain"];

/** Answers that are remembered of a chain: those of two cycles. */
const KEPT = 64;

const remembered = new WeakMap<StateChain, Map<string, Promise<unknown>>>();

/**
 * A chain that remembers what it read of past states, as long as a block is the same: a fork may replace one of the newest. A node may drop a state
 * after 256 blocks, which can be less than the time from the begin of a train phase to the reveal phase; it still tells the block's hash.
 */
export const rememberedState = (chain: StateChain): StateChain => {
  const answers = remembered.get(chain) ?? new Map<string, Promise<unknown>>();
  remembered.set(chain, answers);
  const once = async <T>(block: number, question: string, read: () => Promise<T>): Promise<T> => {
    const key = `${await chain.blockHash(block)} ${question}`;
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
      at === undefined ? chain.metagraph(netuid) : once(at, `metagraph ${netuid}`, () => chain.metagraph(netuid, at)),
    commitments: (netuid, at) =>
      at === undefined
        ? chain.commitments(netuid)
        : once(at, `commitments ${netuid}`, () => chain.commitments(netuid, at)),
    timestamp: (block) => once(block, "timestamp", () => chain.timestamp(block)),
    blockHash: (block) => chain.blockHash(block),
    pulse: (round, at) => chain.pulse(round, at),
  };
};
