import { z } from "zod";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { hashBytes, hashSchema } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { listOf } from "#shared/protocol/list-of.js";
import type { Parsed } from "#shared/protocol/parsed.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";
import { type Checked, faulty } from "./fault.js";
import { isIncluded, leafHash } from "./merkle.js";
import { DIGEST_BYTES, LEAF_DIGESTS, leavesOf, nodesOf, type Prefix } from "./nonces-tree.js";

/** Longest way from a leaf to a root: 2^48 nonces have 2^40 leaves. */
export const MAX_PATH = 40;

/** Greatest size of an opening, in bytes: 2 kB of digests in base64url, 40 hashes, keys. */
export const MAX_OPENING_BYTES = 6144;

const openingSchema = z.strictObject({
  version: z.literal(1),
  kind: z.literal("opening"),
  /** Number of the leaf: it holds the digests of the nonces 256 · leaf and on. */
  leaf: z
    .int()
    .min(0)
    .max(NONCES / LEAF_DIGESTS - 1),
  /** 8 bytes a nonce, base64url without padding. */
  digests: z.string().regex(/^[A-Za-z0-9_-]*$/, "base64url without padding"),
  /** Siblings from the leaf up. */
  path: listOf(hashSchema, MAX_PATH),
});

/** A leaf of proof B and its way to the root. It needs no signature: the root is signed. */
export type Opening = z.infer<typeof openingSchema>;

export const encodeOpening = (opening: Opening): Uint8Array => canonicalBytes(opening);

/** Never throws, whatever the bytes. */
export const parseOpening = (bytes: Uint8Array): Parsed<Opening> =>
  parseCanonical(bytes, openingSchema, MAX_OPENING_BYTES);

/** The verdict on an opening: the digest that the proof holds for `nonce`, 8 bytes. Never throws. */
export const checkOpening = (bytes: Uint8Array, nonce: number, { nonces, root }: Prefix): Checked<Uint8Array> => {
  if (bytes.length > MAX_OPENING_BYTES) return faulty("too_large");
  if (!Number.isInteger(nonce) || nonce < 0 || nonce >= nonces) return faulty("out_of_range");
  const parsed = parseOpening(bytes);
  if (!parsed.ok) return faulty("malformed", parsed.problem);
  const { leaf, digests, path } = parsed.value;
  const content = Buffer.from(digests, "base64url");
  if (content.toString("base64url") !== digests) return faulty("malformed", "digests are not base64url");
  const start = LEAF_DIGESTS * leaf;
  if (nonce < start || nonce >= start + LEAF_DIGESTS) return faulty("not_in_tree", `leaf ${leaf} lacks nonce ${nonce}`);
  if (content.length !== DIGEST_BYTES * Math.min(LEAF_DIGESTS, nonces - start))
    return faulty("malformed", `leaf ${leaf} has ${content.length} bytes of digests`);
  const way = { size: leavesOf(nonces), leaf, hash: leafHash(content), path: nodesOf(path) };
  if (!isIncluded(hashBytes(root), way)) return faulty("not_in_tree");
  const at = DIGEST_BYTES * (nonce - start);
  return { ok: true, value: content.subarray(at, at + DIGEST_BYTES) };
};
