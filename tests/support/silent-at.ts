import type { Chain } from "#shared/chain/chain.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Joined } from "./subnet.js";

/** A player whose chain does not say what is committed while this block is the head. */
export const silentAt = (player: Joined, block: number): Joined => {
  const commitments: Chain["commitments"] = async (netuid, at) => {
    if (player.clock.head.number !== block) return player.chain.commitments(netuid, at);
    throw new BlockZeroError("CHAIN_TIMEOUT", "the node did not answer", "ask again");
  };
  return { ...player, chain: { ...player.chain, commitments } };
};
