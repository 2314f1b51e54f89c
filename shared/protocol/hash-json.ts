import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

/** RFC 8785 bytes, used wherever JSON is hashed or signed. */
export const canonicalBytes = (value: unknown): Uint8Array => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("value has no canonical JSON form");
  return new TextEncoder().encode(text);
};

/** SHA-256 of RFC 8785 JSON, 64 hex digits. */
export const hashJson = (value: unknown): string => createHash("sha256").update(canonicalBytes(value)).digest("hex");
