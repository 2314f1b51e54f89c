import { z } from "zod";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { hashBytes, hashSchema, sha256 } from "#shared/protocol/hash.js";
import { listOf } from "#shared/protocol/list-of.js";
import { accepted, type Parsed } from "#shared/protocol/parsed.js";
import { MAX_WINS } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Verify } from "#shared/protocol/signing.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";
import { asParsed, type Checked, faulty } from "./fault.js";
import { maxGapsBytes } from "./gaps.js";
import { type ExpectedProof, earlyFault, HEAD_BYTES, headFault, headShape, isHeadSigned } from "./head.js";
import { isPrefix } from "./merkle.js";
import { LEAF_DIGESTS, leavesOf, nodesOf, type Prefix } from "./nonces-tree.js";
import { encodeFile, readFile, signProof, toFile, type WithWins, withWins } from "./proof-file.js";
import { isProbable } from "./wins-check.js";

/** Records before the last one: at ⅓ and at ⅔ of the time. */
export const PREFIXES = 2;

/** Most hashes that show one prefix: twice the height of the tree. */
const MAX_CONSISTENCY = 81;

/** Bytes of a head with the hashes of all prefixes, at most. */
export const NONCES_HEAD_BYTES = HEAD_BYTES + PREFIXES * (MAX_CONSISTENCY + 2) * 70;

/** Greatest size of a proof with so many wins, in bytes. */
export const maxNoncesBytes = (wins = MAX_WINS): number => NONCES_HEAD_BYTES + maxGapsBytes(wins);

const prefixSchema = z.strictObject({
  /** Whole leaves: a multiple of 256. */
  nonces: z
    .int()
    .min(0)
    .max(NONCES - 1)
    .multipleOf(LEAF_DIGESTS),
  root: hashSchema,
  /** What shows that it is the beginning of the prefix that follows, or of the whole. */
  consistency: listOf(hashSchema, MAX_CONSISTENCY),
});

const noncesSchema = z.strictObject({
  ...headShape,
  kind: z.literal("nonces"),
  /** Root of the tree over the digests of all nonces. */
  root: hashSchema,
  prefixes: z.tuple([prefixSchema, prefixSchema]),
});

type NoncesHead = z.infer<typeof noncesSchema>;

/**
 * Proof B: all nonces 0 … N − 1 without gaps, each by a digest in a Merkle tree, and the wins among them, ascending strictly, each below N. For
 * profiles in which a prover could guess which nonces are worth their evaluation. Its hash is SHA-256 of its bytes.
 */
export type NoncesProof = WithWins<NoncesHead>;

export type UnsignedNonces = Pick<
  NoncesProof,
  "network" | "cycle" | "difficulty" | "nonces" | "root" | "prefixes" | "wins"
>;

/**
 * What a miner signs: the proof, and the head that its signature covers.
 *
 * @throws BlockZeroError SPRINT_WINS_INVALID unless the wins ascend strictly and are below `nonces`
 */
export const noncesBody = (fields: UnsignedNonces, hotkey: string) => {
  const proof = { version: 2, kind: "nonces", hotkey, ...fields } as const;
  return { proof, head: toFile(proof, fields.nonces).head };
};

/** @throws BlockZeroError SPRINT_WINS_INVALID unless the wins ascend strictly and are below `nonces` */
export const signNonces = async (
  fields: UnsignedNonces,
  signer: Pick<Signer, "address" | "sign">,
): Promise<NoncesProof> => signProof(noncesBody(fields, signer.address), signer);

/** The proof's bytes. @throws BlockZeroError SPRINT_WINS_INVALID unless the wins ascend strictly and are below `nonces` */
export const encodeNonces = (proof: NoncesProof): Uint8Array => encodeFile(toFile(proof, proof.nonces));

/** SHA-256 of the proof's bytes. */
export const noncesHash = (proof: NoncesProof): string => sha256(encodeNonces(proof));

/** The head that a signer is asked to sign, with a signature. Never throws, whatever the bytes. */
export const parseNoncesHead = (bytes: Uint8Array): Parsed<NoncesHead> =>
  parseCanonical(bytes, noncesSchema, NONCES_HEAD_BYTES);

/** The head of a proof's bytes. Never throws, whatever the bytes. */
export const readNoncesHead = (bytes: Uint8Array): Parsed<NoncesHead> => {
  const file = asParsed(readFile(bytes, noncesSchema, NONCES_HEAD_BYTES));
  return file.ok ? accepted(file.value.head) : file;
};

/** Never throws, whatever the bytes. */
export const parseNonces = (bytes: Uint8Array): Parsed<NoncesProof> => {
  const file = readFile(bytes, noncesSchema, NONCES_HEAD_BYTES);
  return asParsed(file.ok ? withWins(file.value, file.value.head.nonces) : file);
};

/** What was put on chain at ⅓ and at ⅔ of the time; null where no record was put in time. */
export type RecordedPrefixes = readonly [Prefix | null, Prefix | null];

/** Each earlier record must have reached one in so many of what an even pace gives. */
const LEAST_PACE = 2;

/** Most nonces of a whole of which so many were recorded, half of an even pace: fewer than 6 · (nonces + 256) by ⅓, and half of that by ⅔. */
const mostAfter = (nonces: number, at: number): number =>
  Math.ceil((LEAST_PACE * (PREFIXES + 1) * (nonces + LEAF_DIGESTS)) / (at + 1)) - 1;

/** Most nonces of a whole that begins with these prefixes, at a third and at two thirds of the time, as far as they are recorded. */
export const mostNoncesAfter = (prefixes: readonly Pick<Prefix, "nonces">[]): number =>
  Math.min(Infinity, ...prefixes.map(({ nonces }, at) => mostAfter(nonces, at)));

/**
 * The verdict on a proof's bytes as far as no network is evaluated. One fault rejects the whole proof. Both earlier records must be there, nothing
 * that they counted may be other in the end, and each must have counted half of what an even pace gives, but for a leaf that was not full: ⅙ and ⅓
 * of all nonces. Who comes after a fifth of the time has less by ⅓. It is the guard of `earlyShare` without the others' median: in a Sprint all
 * can be at work from the first block of its time on. Never throws.
 */
export const checkNonces = (
  bytes: Uint8Array,
  expected: ExpectedProof,
  recorded: RecordedPrefixes,
  verify: Verify,
): Checked<NoncesProof> => {
  const early = earlyFault(expected, bytes.length, maxNoncesBytes(expected.wins));
  if (early) return early;
  const file = readFile(bytes, noncesSchema, NONCES_HEAD_BYTES);
  if (!file.ok) return file;
  const { head } = file.value;
  const fault = headFault(bytes, head, expected) ?? prefixFault(head, recorded);
  if (fault) return fault;
  if (!isProbable(head)) return faulty("improbable");
  return isHeadSigned(head, verify) ? withWins(file.value, head.nonces) : faulty("bad_signature");
};

const prefixFault = (proof: NoncesHead, recorded: RecordedPrefixes): Checked<never> | null => {
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
    if (proof.nonces > mostAfter(nonces, at))
      return faulty("late_work", `${nonces} of ${proof.nonces} nonces by ${at + 1}/3 of the time`);
  }
  return null;
};
