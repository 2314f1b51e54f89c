import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import type { DrandBeacon } from "#shared/protocol/network-file/drand-beacon.js";

/** The public parameters of a drand beacon with signatures on G1 (scheme `bls-unchained-g1-rfc9380`). */
export interface Beacon {
  /** Compressed point of G2, 192 hex digits. */
  readonly publicKey: string;
  /** When round 1 is published, seconds since the epoch. */
  readonly genesisTime: number;
  /** Seconds between two rounds. */
  readonly period: number;
}

/** drand's quicknet, which subtensor follows: chain 52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971. */
export const QUICKNET: Beacon = {
  publicKey:
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
  genesisTime: 1_692_803_367,
  period: 3,
};

/** The beacon that a network file names. */
export const drandBeacon = ({ public_key, genesis_time, period }: DrandBeacon): Beacon => ({
  publicKey: public_key,
  genesisTime: genesis_time,
  period,
});

export const beaconKeySchema = z.string().regex(/^[0-9a-f]{192}$/, "a beacon's public key is 192 hex digits");

export const beaconSchema = z.strictObject({
  publicKey: beaconKeySchema,
  genesisTime: z.number().min(0),
  period: z.number().positive(),
});

/** The newest round published at a time (milliseconds since the epoch). 0 before the first. */
export const roundAt = (time: number, { genesisTime, period }: Omit<Beacon, "publicKey">): number =>
  Math.max(0, Math.floor((time / 1000 - genesisTime) / period) + 1);

/** When a round is published, milliseconds since the epoch. */
export const timeOfRound = (round: number, { genesisTime, period }: Beacon): number =>
  (genesisTime + (round - 1) * period) * 1000;

/** TIMELOCK_MALFORMED: the bytes are no ciphertext, signature or key of this scheme. */
export const malformed = (what: string, cause?: unknown): BlockZeroError =>
  new BlockZeroError("TIMELOCK_MALFORMED", what, "check that both sides use the same beacon and format", { cause });
