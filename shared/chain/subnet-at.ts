import type { Chain, Commitment, Metagraph } from "./chain.js";

/** A subnet's chain state after a block. */
export interface SubnetAt {
  readonly metagraph: Metagraph;
  readonly commitments: readonly Commitment[];
}

/** Reads it. @param at block; unset: the newest @throws what reading the chain throws */
export const subnetAt = async (
  chain: Pick<Chain, "metagraph" | "commitments">,
  netuid: number,
  at?: number,
): Promise<SubnetAt> => {
  const [metagraph, commitments] = await Promise.all([chain.metagraph(netuid, at), chain.commitments(netuid, at)]);
  return { metagraph, commitments };
};
