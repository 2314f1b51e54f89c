import type { Network } from "#shared/protocol/network.js";
import type { Stakes } from "#shared/protocol/voting/stake.js";
import { type VotingFile, votingStakes } from "#shared/protocol/voting/voting-stake.js";
import type { Chain } from "./chain.js";
import { type SubnetAt, subnetAt } from "./subnet-at.js";

/** The stakes that vote on a cycle in the state after a block, and that state. */
export interface Voters extends SubnetAt {
  readonly stakes: Stakes;
}

/** What they are read from. */
export interface VotersContext {
  readonly chain: Pick<Chain, "metagraph" | "commitments">;
  readonly network: Pick<Network, "netuid"> & VotingFile;
  /** Full hash of the network file. */
  readonly networkHash: string;
}

/** Reads them. @param at block whose state counts @throws BlockZeroError STATE_DISCARDED */
export const readVoters = async (
  { chain, network, networkHash }: VotersContext,
  cycle: number,
  at: number,
): Promise<Voters> => {
  const { metagraph, commitments } = await subnetAt(chain, network.netuid, at);
  const stakes = votingStakes({ neurons: metagraph.neurons, commitments }, { networkHash, cycle, network });
  return { stakes, metagraph, commitments };
};
