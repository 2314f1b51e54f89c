import { createHash } from "node:crypto";
import type { DocumentSource } from "#shared/data/source.js";
import { u64le } from "#shared/protocol/hash.js";

/** Documents of an endless source that stand for all of them. */
const SAMPLE = 256;

/** The documents of a source stay as they are, so each is read once. */
const digests = new WeakMap<DocumentSource, string>();

/**
 * What tells one version of a source from another: SHA-256 over its documents in order, each as the length of its UTF-8 as u64 little-endian and
 * that UTF-8; of an endless source over the first 256. 64 hex digits.
 */
export const sourceDigest = (source: DocumentSource): string => {
  const known = digests.get(source) ?? digestOf(source);
  digests.set(source, known);
  return known;
};

const digestOf = (source: DocumentSource): string => {
  const digest = createHash("sha256");
  const documents = source.size === "unbounded" ? SAMPLE : source.size;
  for (let index = 0; index < documents; index++) {
    const text = Buffer.from(source.document(index));
    digest.update(u64le(text.length)).update(text);
  }
  return digest.digest("hex");
};
