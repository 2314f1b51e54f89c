import { BlockZeroError } from "#shared/errors/error.js";

export const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** The 32 bytes of a hash. @throws BlockZeroError HASH_INVALID */
export const hashBytes = (hash: string): Uint8Array => {
  if (!isHash(hash)) {
    throw new BlockZeroError("HASH_INVALID", "not a hash: expected 64 lower-case hex digits", "check its source");
  }
  return Buffer.from(hash, "hex");
};
