import { permittedStakes, sumStake } from "#shared/protocol/voting/stake.js";
import { votingStakes } from "#shared/protocol/voting/voting-stake.js";
import type { BeaconContext } from "../source.js";
import type { ChainState } from "./held.js";

/** Weight that the validators have together, and the miners. */
const HALF = 1_000_000_000;

/** Steps in which the chain stores an incentive. */
const INCENTIVE_STEPS = 65_535;

/**
 * Weights of those who may contribute, from chain state alone, so that everybody has the same: validators share one half by their voting
 * stake, and neurons that could not vote share the other by their incentive, which pays for updates and, where the network file has
 * `sprint.required`, for confirmed compute. Whole numbers.
 */
export const chainWeights = (
  { metagraph: { neurons }, commitments }: ChainState,
  { network, networkHash }: Pick<BeaconContext, "network" | "networkHash">,
  cycle: number,
): readonly (readonly [string, number])[] => {
  const stakes = votingStakes({ neurons, commitments }, { networkHash, cycle, network });
  const permitted = permittedStakes(neurons);
  const incentives = new Map(
    neurons
      .filter(({ hotkey }) => !permitted.has(hotkey))
      .map(({ hotkey, incentive }) => [hotkey, BigInt(Math.round(incentive * INCENTIVE_STEPS))]),
  );
  return [...stakeWeights(stakes), ...stakeWeights(incentives)];
};

/** Each one's part of 10⁹, rounded down. */
export const stakeWeights = (amounts: ReadonlyMap<string, bigint>): readonly (readonly [string, number])[] => {
  const total = sumStake(amounts.values());
  if (total === 0n) return [];
  return [...amounts].map(([hotkey, amount]) => [hotkey, Number((amount * BigInt(HALF)) / total)] as const);
};
