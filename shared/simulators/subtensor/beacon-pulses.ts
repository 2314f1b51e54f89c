import type { TypeRegistry } from "@polkadot/types";
import { hexToU8a, u8aToHex } from "@polkadot/util";
import { blake2AsHex, xxhashAsHex } from "@polkadot/util-crypto";
import type { DrandSetting } from "#shared/chain/devchain/genesis.js";
import { roundAt } from "#shared/chain/timelock/beacon.js";
import { signPulse } from "#shared/chain/timelock/pulse.js";
import type { Hex, StorageView } from "./executor.js";

export interface BeaconPulses {
  /** The same storage with every pulse that is published by a time, in milliseconds since the epoch. Its keys are not listed. */
  in<V extends StorageView>(storage: V, time: number): V;
}

const PALLET = xxhashAsHex("Drand", 128);
const PULSES = `${PALLET}${xxhashAsHex("Pulses", 128).slice(2)}`;
const LAST_ROUND = `${PALLET}${xxhashAsHex("LastStoredRound", 128).slice(2)}`;
/** Blake2_128Concat of a u64. */
const PULSE_KEY_LENGTH = PULSES.length + 32 + 16;
const CACHED = 64;

/**
 * A beacon whose pulses appear in the storage of the drand pallet. Each pulse is signed when it is read. It cannot be submitted, because no
 * worker brings it, and the pallet would verify it with drand's key.
 */
export const beaconPulses = (registry: TypeRegistry, { seed, ...schedule }: DrandSetting): BeaconPulses => {
  const secret = Buffer.from(seed, "hex");
  const pallet = registry.metadata.pallets.find(({ name }) => name.eq("Drand"))!;
  const item = pallet.storage.unwrap().items.find(({ name }) => name.eq("Pulses"))!;
  const type = registry.createLookupType(item.type.asMap.value);
  const known = new Map<number, Hex>();

  const pulse = (round: number): Hex => {
    const cached = known.get(round);
    if (cached) return cached;
    const signature = u8aToHex(signPulse(secret, round));
    const value = registry.createType(type, { round, randomness: blake2AsHex(signature), signature }).toHex();
    known.set(round, value);
    const [oldest] = known.keys();
    if (known.size > CACHED && oldest !== undefined) known.delete(oldest);
    return value;
  };

  return {
    in: (storage, time) => {
      const newest = roundAt(time, schedule);
      const get = (key: Hex): Hex | undefined => {
        const stored = storage.get(key);
        if (stored !== undefined) return stored;
        if (key === LAST_ROUND) return registry.createType("u64", newest).toHex(true);
        if (!key.startsWith(PULSES) || key.length !== PULSE_KEY_LENGTH) return undefined;
        const round = Number(Buffer.from(hexToU8a(`0x${key.slice(-16)}`)).readBigUInt64LE());
        return round > 0 && round <= newest ? pulse(round) : undefined;
      };
      return { ...storage, get };
    },
  };
};
