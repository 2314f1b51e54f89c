import { randomBytes } from "node:crypto";
import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import type { CycleName } from "../fallback.js";
import { DRAND_TIMELOCK, type TimelockScheme } from "../source.js";

export const OPENING_BYTES = 32;

/** Size of a sealed opening: the timelock of 64 bytes. */
export const SEALED_BYTES = 308;

const BINDING_DOMAIN = "blockzero/contribution/1";

/** Whose opening it is: it counts for nobody else, and in no other cycle. */
export interface SealOwner extends CycleName {
  readonly hotkey: string;
}

export interface SealOptions extends SealOwner {
  /** The drand round whose pulse opens it. */
  readonly round: number;
  /** The drand beacon's public key, 192 hex digits. */
  readonly publicKey: string;
  /** Returns that many random bytes. Default: the system's generator. */
  readonly random?: (bytes: number) => Uint8Array;
  /** Default: drand's. */
  readonly timelock?: Pick<TimelockScheme, "seal">;
}

/**
 * What is sealed: opening ‖ SHA-256("blockzero/contribution/1" ‖ network hash ‖ cycle as u64 little-endian ‖ opening ‖ hotkey in ASCII).
 * Without the hash, another could put the same sealed bytes on chain as its own.
 */
export const boundOpening = (opening: Uint8Array, { network, cycle, hotkey }: SealOwner): Uint8Array => {
  const parts = [Buffer.from(BINDING_DOMAIN), hashBytes(network), u64le(cycle), opening, Buffer.from(hotkey)];
  return Buffer.concat([opening, hashBytes(sha256(...parts))]);
};

/** Seals 32 random bytes to a drand round with the timelock. Nobody needs to keep them: the pulse opens them. */
export const sealOpening = ({
  round,
  publicKey,
  random = randomBytes,
  timelock = DRAND_TIMELOCK,
  ...owner
}: SealOptions): Uint8Array => timelock.seal(boundOpening(random(OPENING_BYTES), owner), { round, publicKey, random });

/** Opens sealed bytes with a pulse. What it does not open throws. */
export type Unseal = (sealed: Uint8Array) => Uint8Array;

/** The opening of sealed bytes, or why they count as none. Never throws. */
export const readOpening = (sealed: Uint8Array, owner: SealOwner, unseal: Unseal): Parsed<Uint8Array> => {
  let plaintext: Uint8Array;
  try {
    plaintext = unseal(sealed);
  } catch {
    return refused("the pulse does not open its seal");
  }
  if (plaintext.length !== 2 * OPENING_BYTES) return refused("its seal does not hold an opening");
  const opening = plaintext.subarray(0, OPENING_BYTES);
  return Buffer.compare(plaintext, boundOpening(opening, owner)) === 0
    ? accepted(opening)
    : refused("its seal is of another hotkey, cycle or network");
};
