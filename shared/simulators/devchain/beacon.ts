import type { DrandSetting } from "#shared/chain/devchain/genesis.js";
import { type Beacon, roundAt } from "#shared/chain/timelock/beacon.js";
import { beaconPublicKey, signPulse } from "#shared/chain/timelock/pulse.js";

/** The public parameters of the chain's own beacon. */
export const publicBeacon = ({ seed, genesisTime, period }: DrandSetting): Beacon => ({
  publicKey: beaconPublicKey(Buffer.from(seed, "hex")),
  genesisTime,
  period,
});

/** The signature of a round, 48 bytes. Undefined until it is published. `time`: milliseconds since the epoch. */
export const pulse = ({ seed, ...schedule }: DrandSetting, round: number, time: number): Uint8Array | undefined =>
  round > 0 && round <= roundAt(time, schedule) ? signPulse(Buffer.from(seed, "hex"), round) : undefined;
