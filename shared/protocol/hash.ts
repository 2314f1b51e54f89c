import { createHash, type Hash } from "node:crypto";
import { z } from "zod";
import { hashBytes } from "./hash-bytes.js";

export { hashBytes, isHash } from "./hash-bytes.js";

/** A SHA-256 in JSON and in file names: 64 lower-case hex digits. */
export const hashSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "a hash is 64 lower-case hex digits")
  .meta({ takes: "64 hex digits" });

/** SHA-256 of the concatenated parts, 64 hex digits. */
export const sha256 = (...parts: readonly Uint8Array[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) updateHash(hash, part);
  return hash.digest("hex");
};

/** Most bytes that a hash is given at once: OpenSSL takes no 2 GiB. */
const MOST_AT_ONCE = 2 ** 30;

/** Adds bytes of any number to a hash. */
export const updateHash = (hash: Hash, bytes: Uint8Array, most = MOST_AT_ONCE): void => {
  for (let at = 0; at < bytes.length; at += most) hash.update(bytes.subarray(at, at + most));
};

/** A hash in on-chain records: base64url without padding, 43 characters. */
export const hashToRecord = (hash: string): string => Buffer.from(hashBytes(hash)).toString("base64url");

/** Parses the form of `hashToRecord`. Null for any other text. */
export const hashFromRecord = (text: string): string | null => {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return null;
  const hash = Buffer.from(text, "base64url").toString("hex");
  return hashToRecord(hash) === text ? hash : null;
};

/** A non-negative safe integer as 8 little-endian bytes. */
export const u64le = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
