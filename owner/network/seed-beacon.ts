import type { SeedBeacon } from "#shared/protocol/network-file/drand-beacon.js";
import { groupRulesSchema } from "#shared/protocol/network-file/group-rules.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import type { Pace } from "../seal/seal-pace.js";
import { contributionRules } from "./contribution-rules.js";

/** Cycles from one key generation of a threshold group to the next, of which it takes four. */
const GROUP_EVERY = 20;

/** What seeds are mixed with: sealed contributions, timed for the phases, or a threshold group's signature. */
export type Mixed = { readonly contributions: PhaseLengths } | "group";

/** What the network file says of a beacon whose pulses make evaluation seeds: the first that is published more than a block later. */
export const seedBeacon = (pace: Pace, mixed?: Mixed): SeedBeacon => {
  const { beacon, blockTime } = pace;
  return {
    public_key: beacon.publicKey,
    genesis_time: beacon.genesisTime,
    period: beacon.period,
    delay: Math.ceil(blockTime / beacon.period) + 1,
    ...(mixed === "group" && { group: groupRulesSchema.parse({ every: GROUP_EVERY }) }),
    ...(typeof mixed === "object" && { contributions: contributionRules(mixed.contributions, pace) }),
  };
};
