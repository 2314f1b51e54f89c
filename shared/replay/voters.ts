import type { Commitment, Metagraph } from "#shared/chain/chain.js";
import type { Stakes } from "#shared/protocol/voting/stake.js";
import { votingStakes } from "#shared/protocol/voting/voting-stake.js";
import type { CycleContext } from "./source.js";

/** The stakes that vote on a cycle in the state after a block, and that state. */
export interface Voters {
  readonly stakes: Stakes;
  readonly metagraph: Metagraph;
  readonly commitments: readonly Commitment[];
}

/** Reads them. @param at block whose state counts @throws BlockZeroError STATE_DISCARDED */
export const readVoters = async (
  { chain, network, networkHash }: CycleContext,
  cycle: number,
  at: number,
): Promise<Voters> => {
  const [metagraph, commitments] = await Promise.all([
    chain.metagraph(network.netuid, at),
    chain.commitments(network.netuid, at),
  ]);
  const { voting } = network;
  const stakes = votingStakes({ neurons: metagraph.neurons, commitments }, { networkHash, cycle, voting });
  return { stakes, metagraph, commitments };
};
