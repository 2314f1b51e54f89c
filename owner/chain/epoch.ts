import type { SudoCallSpec } from "#shared/chain/devchain/calls.js";
import type { Network } from "#shared/protocol/network.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { UNITS_PER_TOKEN } from "#shared/util/tokens.js";

type Shape = Pick<Network, "netuid" | "phases">;
type HyperParameterChange = Extract<SudoCallSpec, { name: "setHyperParameters" }>["args"]["change"];

/** Stake of a validator in the smallest unit: subtensor's threshold on the main network. */
export const STAKE_THRESHOLD = 1000n * UNITS_PER_TOKEN;

/** A devchain subnet's parameters whose epochs fall at the end of each cycle. */
export const subnetParameters = ({ phases }: Pick<Shape, "phases">): HyperParameterChange => ({
  // Subtensor's epochs fall where (block + netuid + 2) is a multiple of tempo + 1.
  tempo: cycleLength(phases) - 1,
  weightsRateLimit: phases.merge,
  maxRegistrationsPerBlock: 16,
  targetRegistrationsPerInterval: 256,
  // Miners earn stake; below this they hold no permit, as on the main network.
  stakeThreshold: String(STAKE_THRESHOLD),
});

/** Blocks that setting the subnet up may still take. */
const SETUP_MARGIN = 10;

/** The first cycle that can still begin after an epoch has given the validators their permits. */
export const firstCycle = (block: number, { netuid, phases }: Shape): number => {
  const length = cycleLength(phases);
  // With a tempo of one cycle, subnet n's epoch falls n + 2 blocks before the cycle's end.
  return Math.floor((block + SETUP_MARGIN + netuid + 2) / length) + 1;
};
