import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { secretFromSeed, sign } from "@scure/sr25519";
import { createRandom } from "#shared/data/random.js";
import { sha256 } from "#shared/protocol/hash.js";
import { signedBytes } from "#shared/wallet/signer.js";
import { hotkeySeed, type Subnet } from "../../support/subnet.js";
import type { TestValidator } from "../../support/validator.js";

/** So many bytes at a time, of a stream that follows from its seed: what chance seals an envelope with. */
export const steadyBytes = (seed: string): ((bytes: number) => Uint8Array) => {
  const random = createRandom(seed);
  return (bytes) => Uint8Array.from({ length: bytes }, () => random.below(256));
};

/**
 * A subnet whose signers take nonces that follow from key and message alone: an artifact's hash covers its signature, and is the order of the
 * merge's arithmetic.
 */
export const withSteadySignatures = (subnet: Subnet): Subnet => ({
  ...subnet,
  signer: (name) => {
    const secret = secretFromSeed(hotkeySeed(name));
    const signBytes = (message: Uint8Array) => sign(secret, message, (bytes) => new Uint8Array(bytes));
    return { ...subnet.signer(name), signBytes, sign: async (request) => signBytes(signedBytes(request)) };
  },
});

/**
 * A validator whose draws are the same in every run. Its block hashes, which draw the evaluation batches, follow from the number alone: real ones
 * cover ports and times. The secret seed of its sketches follows from its name.
 */
export const withSteadyDraws = (validator: TestValidator, name: string): TestValidator => {
  const { participant } = validator;
  const folder = join(participant.home, "sketches");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "seed"), hotkeySeed(name).subarray(0, 4));
  const blockHash = async (block: number) => sha256(Buffer.from(`block ${block}`));
  return { ...validator, participant: { ...participant, chain: { ...participant.chain, blockHash } } };
};
