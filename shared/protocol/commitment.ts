import { hashBytes, sha256, u64le } from "./hash.js";

/**
 * What a miner commits: SHA-256(artifact hash ‖ hotkey's public key ‖ cycle as u64 little-endian), 64 hex digits. It is binding. It is
 * hiding, because the artifact hash covers a signature that nobody else can predict. It is worthless under another hotkey or cycle.
 *
 * @param publicKey 32 bytes
 */
export const commitmentOf = (artifact: string, publicKey: Uint8Array, cycle: number): string => {
  if (publicKey.length !== 32) throw new RangeError(`a public key has 32 bytes, not ${publicKey.length}`);
  return sha256(hashBytes(artifact), publicKey, u64le(cycle));
};
