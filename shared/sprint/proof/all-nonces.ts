import { z } from "zod";
import { hashBytes, hashSchema, sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import type { Parsed } from "#shared/protocol/parsed.js";
import { MAX_WINS } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Verify } from "#shared/protocol/signing.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";
import { asParsed, type Checked, faulty } from "./fault.js";
import { MAX_GAP_BYTES } from "./gaps.js";
import {
  earlyFault,
  HEAD_BYTES,
  headFault,
  headShape,
  type Promised,
  readDocument,
  requireWins,
  signedByItself,
  signProof,
  toDocument,
} from "./head.js";
import { isPrefix } from "./merkle.js";
import { LEAF_DIGESTS, leavesOf, nodesOf, type Prefix } from "./nonces-tree.js";
import { isProbable } from "./wins-check.js";

/** Records before the last one: at ⅓ and at ⅔ of the time. */
export const PREFIXES = 2;

/** Most hashes that show one prefix: twice the height of the tree. */
const MAX_CONSISTENCY = 81;

/** Bytes of the hashes of all prefixes in a document, at most. */
const PREFIX_BYTES = PREFIXES * (MAX_CONSISTENCY + 2) * 70;

/** Greatest size of a proof with so many wins, in bytes. */
export const maxNoncesBytes = (wins = MAX_WINS): number =>
  HEAD_BYTES + PREFIX_BYTES + Math.ceil((Math.min(wins, MAX_WINS) * MAX_GAP_BYTES * 4) / 3);

const prefixSchema = z.strictObject({
  /** Whole leaves: a multiple of 256. */
  nonces: z
    .int()
    .min(0)
    .max(NONCES - 1)
    .multipleOf(LEAF_DIGESTS),
  root: hashSchema,
  /** What shows that it is the beginning of the prefix that follows, or of the whole. */
  consistency: z.array(hashSchema).max(MAX_CONSISTENCY),
});

const noncesSchema = z.strictObject({
  ...headShape,
  kind: z.literal("nonces"),
  /** Root of the tree over the digests of all nonces. */
  root: hashSchema,
  prefixes: z.tuple([prefixSchema, prefixSchema]),
});

/**
 * Proof B: all nonces 0 … N − 1 without gaps, each by a digest in a Merkle tree, and the wins among them. For profiles in which a prover
 * could guess which nonces are worth their evaluation. Its hash is SHA-256 of its bytes.
 */
export interface NoncesProof extends Omit<z.infer<typeof noncesSchema>, "wins"> {
  /** Ascending strictly, each below `nonces`. */
  readonly wins: readonly number[];
}

export type UnsignedNonces = Pick<
  NoncesProof,
  "network" | "cycle" | "difficulty" | "nonces" | "root" | "prefixes" | "wins"
>;

/** What a miner signs: the proof, and the document that its signature covers. @throws BlockZeroError SPRINT_WINS_INVALID unless the wins ascend strictly and are below `nonces` */
export const noncesBody = (fields: UnsignedNonces, hotkey: string) => {
  requireWins(fields.wins, fields.nonces);
  const proof = { version: 1, kind: "nonces", hotkey, ...fields } as const;
  return { proof, document: toDocument(proof) };
};

/** @throws BlockZeroError SPRINT_WINS_INVALID unless the wins ascend strictly and are below `nonces` */
export const signNonces = async (
  fields: UnsignedNonces,
  signer: Pick<Signer, "address" | "sign">,
): Promise<NoncesProof> => signProof(noncesBody(fields, signer.address), signer);

/** The proof's canonical JSON. @throws BlockZeroError SPRINT_WINS_INVALID unless the wins ascend strictly and are below `nonces` */
export const encodeNonces = (proof: NoncesProof): Uint8Array => {
  requireWins(proof.wins, proof.nonces);
  return canonicalBytes(toDocument(proof));
};

/** SHA-256 of the proof's bytes. */
export const noncesHash = (proof: NoncesProof): string => sha256(encodeNonces(proof));

/** Whether the hotkey that the proof names signed it. */
export const isNoncesSigned = (proof: NoncesProof, verify: Verify): boolean =>
  signedByItself(toDocument(proof), verify);

const readNonces = (bytes: Uint8Array): Checked<NoncesProof> =>
  readDocument(bytes, noncesSchema, { limit: maxNoncesBytes(), below: ({ nonces }) => nonces });

/** Never throws, whatever the bytes. */
export const parseNonces = (bytes: Uint8Array): Parsed<NoncesProof> => asParsed(readNonces(bytes));

/** What was put on chain at ⅓ and at ⅔ of the time; null where no record was put in time. */
export type RecordedPrefixes = readonly [Prefix | null, Prefix | null];

/**
 * The verdict on a proof's bytes as far as no network is evaluated. One fault rejects the whole proof. Both earlier records must be there, and
 * nothing that they counted may be other in the end; how much they counted is not judged here, and may be 0: what was done by ⅓ is `earlyShare`'s
 * matter, and 256 nonces would satisfy a rule against 0. Never throws.
 */
export const checkNonces = (
  bytes: Uint8Array,
  promised: Promised,
  recorded: RecordedPrefixes,
  verify: Verify,
): Checked<NoncesProof> => {
  const early = earlyFault(promised, bytes.length, maxNoncesBytes(promised.wins));
  if (early) return early;
  const read = readNonces(bytes);
  if (!read.ok) return read;
  const proof = read.value;
  const fault = headFault(bytes, proof, promised) ?? prefixFault(proof, recorded);
  if (fault) return fault;
  if (!isProbable({ wins: proof.wins.length, nonces: proof.nonces, difficulty: proof.difficulty }))
    return faulty("improbable");
  return isNoncesSigned(proof, verify) ? read : faulty("bad_signature");
};

const prefixFault = (proof: NoncesProof, recorded: RecordedPrefixes): Checked<never> | null => {
  const heads = [...proof.prefixes, { nonces: proof.nonces, root: proof.root }].map(({ nonces, root }) => ({
    size: leavesOf(nonces),
    root: hashBytes(root),
  }));
  for (const [at, { nonces, root, consistency }] of proof.prefixes.entries()) {
    const record = recorded[at];
    if (!record) return faulty("not_a_prefix", `no record was put at ${at + 1}/3 of the time`);
    if (record.nonces !== nonces || record.root !== root) return faulty("not_a_prefix");
    if (nonces > (proof.prefixes[at + 1] ?? proof).nonces) return faulty("not_a_prefix");
    if (!isPrefix(heads[at]!, heads[at + 1]!, nodesOf(consistency))) return faulty("not_a_prefix");
  }
  return null;
};
