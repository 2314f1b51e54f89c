import type { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import type { Signer } from "#shared/protocol/signer.js";
import { signDocument } from "#shared/protocol/signing.js";
import { type Checked, faulty } from "./fault.js";
import { decodeGaps, encodeGaps, maxGapsBytes, winsFault } from "./gaps.js";

/** Ends the head in a proof's bytes: canonical JSON has none. */
const LINE_END = 0x0a;

/** A proof as its bytes hold it: what its hotkey signs is the head alone, however many wins there are. */
export interface ProofFile<H> {
  readonly head: H;
  /** What the head has the hash of. */
  readonly gaps: Uint8Array;
}

/** A head with the wins in the place of their number and their hash. */
export type WithWins<H> = Omit<H, "wins" | "gaps"> & {
  /** Ascending strictly. */
  readonly wins: readonly number[];
};

/**
 * The head, signed or not, and the gaps of a proof.
 *
 * @param below what each win is below
 * @throws BlockZeroError SPRINT_WINS_INVALID unless the wins ascend strictly, are in range, and no more than 2^21 apart in the mean
 */
export const toFile = <P extends { readonly wins: readonly number[] }>(
  proof: P,
  below: number,
): ProofFile<Omit<P, "wins"> & { readonly wins: number; readonly gaps: string }> => {
  const { wins } = proof;
  const fault = winsFault(wins, below);
  const gaps = fault === null ? encodeGaps(wins) : new Uint8Array(0);
  if (fault !== null || gaps.length > maxGapsBytes(wins.length))
    throw new BlockZeroError(
      "SPRINT_WINS_INVALID",
      `a proof cannot be written: its list of wins is ${(fault ?? "too_large").replace("_", " ")}`,
      "give each winning nonce once, in ascending order, of nonces tried one after the other",
    );
  return { head: { ...proof, wins: wins.length, gaps: sha256(gaps) }, gaps };
};

/** A proof's bytes: its head as canonical JSON, a line's end, its gaps. */
export const encodeFile = ({ head, gaps }: ProofFile<object>): Uint8Array =>
  Buffer.concat([canonicalBytes(head), Uint8Array.of(LINE_END), gaps]);

/**
 * The head and the gaps of a proof's bytes, the gaps unread. Never throws.
 *
 * @param limit of the head's bytes, the line's end included
 */
export const readFile = <H>(bytes: Uint8Array, schema: z.ZodType<H>, limit: number): Checked<ProofFile<H>> => {
  const end = bytes.subarray(0, limit).indexOf(LINE_END);
  if (end === -1) return faulty("malformed", `no line ends within its first ${limit} bytes`);
  const head = parseCanonical(bytes.subarray(0, end), schema, limit);
  return head.ok
    ? { ok: true, value: { head: head.value, gaps: bytes.subarray(end + 1) } }
    : faulty("malformed", head.problem);
};

/** The proof, its gaps read in one pass. Never throws. @param below what each win is below */
export const withWins = <H extends { readonly wins: number; readonly gaps: string }>(
  { head, gaps }: ProofFile<H>,
  below: number,
): Checked<WithWins<H>> => {
  const { wins: count, gaps: hash, ...fields } = head;
  if (gaps.length > maxGapsBytes(count)) return faulty("too_large", `${gaps.length} bytes for ${count} wins`);
  if (sha256(gaps) !== hash) return faulty("malformed", "its gaps do not have the hash in its head");
  const wins = decodeGaps(gaps, { wins: count, below });
  return wins.ok ? { ok: true, value: { ...fields, wins: wins.value } } : wins;
};

/** The proof with the signature of its head. */
export const signProof = async <P extends object>(
  { proof, head }: { readonly proof: P; readonly head: object },
  signer: Pick<Signer, "sign">,
): Promise<P & { readonly signature: string }> => {
  const { signature } = await signDocument(head, signer);
  return { ...proof, signature };
};
