import type { SeedBeacon } from "#shared/protocol/drand-beacon.js";
import type { PhaseLengths } from "#shared/protocol/phase-lengths.js";
import type { Pace } from "../seal/seal-pace.js";
import { contributionRules } from "./contribution-rules.js";

/**
 * What the network file says of a beacon whose pulses make evaluation seeds: the first that is published more than a block later.
 *
 * @param phases with them, seeds are also mixed with sealed contributions
 */
export const seedBeacon = (pace: Pace, phases?: PhaseLengths): SeedBeacon => {
  const { beacon, blockTime } = pace;
  return {
    public_key: beacon.publicKey,
    genesis_time: beacon.genesisTime,
    period: beacon.period,
    delay: Math.ceil(blockTime / beacon.period) + 1,
    ...(phases && { contributions: contributionRules(phases, pace) }),
  };
};
