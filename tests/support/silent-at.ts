import { BlockZeroError } from "#shared/errors/error.js";
import type { Joined } from "./subnet.js";

/** A player whose chain answers no question about its state while this block is the head. */
export const silentAt = (player: Joined, block: number): Joined => {
  const { chain, clock } = player;
  const silent =
    <A extends unknown[], T>(ask: (...question: A) => Promise<T>) =>
    async (...question: A): Promise<T> => {
      if (clock.head.number !== block) return ask(...question);
      throw new BlockZeroError("CHAIN_TIMEOUT", "the node did not answer", "ask again");
    };
  const { commitments, metagraph, pulse, blockHash, timestamp } = chain;
  return {
    ...player,
    chain: {
      ...chain,
      commitments: silent(commitments),
      metagraph: silent(metagraph),
      pulse: silent(pulse),
      blockHash: silent(blockHash),
      timestamp: silent(timestamp),
    },
  };
};
