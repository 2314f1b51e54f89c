import { createHash } from "node:crypto";
import { SEALED_BYTES } from "#shared/beacon/contributions/seal.js";
import { DRAND_TIMELOCK, type TimelockScheme } from "#shared/beacon/source.js";
import { beaconPublicKey, signPulse } from "#shared/chain/timelock/pulse.js";
import { u64le } from "#shared/protocol/hash.js";
import type { LocalKey } from "#shared/protocol/signer.js";
import type { Verify } from "#shared/protocol/signing.js";
import { devSigner, verify } from "../protocol/keys.js";

/** The cryptography of a simulated cycle. */
export interface SimulatedCrypto {
  readonly publicKey: string;
  readonly timelock: TimelockScheme;
  readonly verify: Verify;
  signer(name: string): Pick<LocalKey, "address" | "signBytes">;
  pulse(round: number): Uint8Array;
}

const SEED = Buffer.from("5e".repeat(32), "hex");

export const realCrypto: SimulatedCrypto = {
  publicKey: beaconPublicKey(SEED),
  timelock: DRAND_TIMELOCK,
  verify,
  signer: (name) => devSigner(`//${name}`),
  pulse: (round) => signPulse(SEED, round),
};

const hash = (algorithm: string, ...parts: readonly (string | Uint8Array)[]): Buffer => {
  const all = createHash(algorithm);
  for (const part of parts) all.update(part);
  return all.digest();
};

const pulse = (round: Uint8Array): Uint8Array => hash("sha384", "pulse", round);
const signature = (address: string, message: Uint8Array): Uint8Array => hash("sha512", address, message);

/** Keeps what the rules depend on, and none of the secrets: a seal opens with its own round's pulse alone, and a signature is its key's. */
export const standInCrypto: SimulatedCrypto = {
  publicKey: "0".repeat(192),
  timelock: {
    verifyPulse: (_, round, bytes) => Buffer.compare(pulse(u64le(round)), bytes) === 0,
    seal: (plaintext, { round }) => Buffer.concat([plaintext, u64le(round), Buffer.alloc(SEALED_BYTES - 72)]),
    opener: (bytes) => (sealed) => {
      const [plaintext, round, rest] = [sealed.subarray(0, 64), sealed.subarray(64, 72), sealed.subarray(72)];
      if (Buffer.compare(pulse(round), bytes) !== 0 || rest.some((byte) => byte !== 0))
        throw new Error("does not open");
      return plaintext;
    },
  },
  verify: (message, bytes, address) => Buffer.compare(signature(address, message), bytes) === 0,
  signer: (name) => {
    const address = `5${hash("sha256", name).toString("hex").replaceAll("0", "g").slice(0, 47)}`;
    return { address, signBytes: (message) => signature(address, message) };
  },
  pulse: (round) => pulse(u64le(round)),
};
