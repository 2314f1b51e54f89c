import { hashBytes, sha256 } from "#shared/protocol/hash.js";

const NETWORK_DOMAIN = "blockzero/sprint-network/1";
const NODE_DOMAIN = "blockzero/sprint-node/1";

/** Seed of a Sprint's network, which all its members share: SHA-256(domain ‖ seed₁), 64 hex digits. @param seed1 64 hex digits */
export const networkSeed = (seed1: string): string => sha256(Buffer.from(NETWORK_DOMAIN), hashBytes(seed1));

/**
 * Seed of a member's inputs: SHA-256(domain ‖ hotkey's public key ‖ seed₂), 64 hex digits.
 * @param hotkeyPublicKey 32 bytes
 * @param seed2           64 hex digits
 */
export const nodeSeed = (hotkeyPublicKey: Uint8Array, seed2: string): string => {
  if (hotkeyPublicKey.length !== 32) throw new RangeError(`a public key has 32 bytes, got ${hotkeyPublicKey.length}`);
  return sha256(Buffer.from(NODE_DOMAIN), hotkeyPublicKey, hashBytes(seed2));
};
