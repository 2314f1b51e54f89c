import type { SeedBeacon } from "#shared/protocol/drand-beacon.js";
import type { Pace } from "../seal/seal-pace.js";

/** What the network file says of a beacon whose pulses make evaluation seeds: the first that is published more than a block later. */
export const seedBeacon = ({ beacon, blockTime }: Pace): SeedBeacon => ({
  public_key: beacon.publicKey,
  genesis_time: beacon.genesisTime,
  period: beacon.period,
  delay: Math.ceil(blockTime / beacon.period) + 1,
});
