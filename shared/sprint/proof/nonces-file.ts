import { sha256 } from "#shared/protocol/hash.js";
import { type Parsed, refused } from "#shared/protocol/parsed.js";
import { MAX_WINS } from "#shared/protocol/records.js";
import type { Verify } from "#shared/protocol/signing.js";
import {
  checkNonces,
  encodeNonces,
  maxNoncesBytes,
  type NoncesProof,
  parseNonces,
  type RecordedPrefixes,
  readNoncesHead,
} from "./all-nonces.js";
import { type Checked, faulty } from "./fault.js";
import { type ExpectedProof, earlyFault } from "./head.js";
import { DIGEST_BYTES, noncesTree } from "./nonces-tree.js";

/** Most nonces of a proof whose file has all digests: 8 MiB of them. */
export const MAX_PROVEN_NONCES = MAX_WINS;

/** A proof of all nonces with what its root is over. */
export interface ProvenNonces {
  readonly proof: NoncesProof;
  /** 8 bytes a nonce, of the nonces 0 … N − 1. */
  readonly digests: Uint8Array;
}

/** Greatest size of a file by what its record says. */
export const maxNoncesFileBytes = ({ wins, nonces }: Pick<ExpectedProof, "wins" | "nonces">): number =>
  maxNoncesBytes(wins) + DIGEST_BYTES * Math.min(nonces, MAX_PROVEN_NONCES);

/** A proof's file: its bytes as `encodeNonces` writes them, then the digests. The hash on chain is SHA-256 of all of it. */
export const encodeNoncesFile = ({ proof, digests }: ProvenNonces): Uint8Array =>
  Buffer.concat([encodeNonces(proof), digests]);

/** The proof in a file, the digests unread. Never throws, whatever the bytes. */
export const parseNoncesFile = (bytes: Uint8Array): Parsed<NoncesProof> => {
  const head = readNoncesHead(bytes);
  if (!head.ok) return head;
  const end = bytes.length - DIGEST_BYTES * head.value.nonces;
  return end < 0 ? refused("fewer digests than nonces") : parseNonces(bytes.subarray(0, end));
};

/**
 * The verdict on a proof's file as far as no network is evaluated: that of `checkNonces`, and that the digests are those of the root. One fault
 * rejects it whole. Never throws.
 */
export const checkNoncesFile = (
  bytes: Uint8Array,
  expected: ExpectedProof,
  recorded: RecordedPrefixes,
  verify: Verify,
): Checked<ProvenNonces> => {
  const { nonces, hash } = expected;
  if (nonces > MAX_PROVEN_NONCES)
    return faulty("too_large", `${nonces} nonces, at most ${MAX_PROVEN_NONCES} are allowed`);
  const early = earlyFault(expected, bytes.length, maxNoncesFileBytes(expected));
  if (early) return early;
  if (sha256(bytes) !== hash) return faulty("hash_mismatch");
  const end = bytes.length - DIGEST_BYTES * nonces;
  if (end < 0) return faulty("malformed", "fewer digests than nonces");
  const [body, digests] = [bytes.subarray(0, end), bytes.subarray(end)];
  const checked = checkNonces(body, { ...expected, hash: sha256(body) }, recorded, verify);
  if (!checked.ok) return checked;
  const tree = noncesTree();
  tree.append(digests);
  if (tree.root() !== checked.value.root) return faulty("not_in_tree", "the digests are not those of the root");
  return { ok: true, value: { proof: checked.value, digests } };
};
