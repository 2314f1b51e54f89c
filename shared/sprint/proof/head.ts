import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { hashSchema, sha256 } from "#shared/protocol/hash.js";
import { MAX_CYCLE } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import { addressSchema, isSignedBy, signatureSchema, signDocument, type Verify } from "#shared/protocol/signing.js";
import { MAX_DIFFICULTY, MIN_DIFFICULTY } from "#shared/protocol/sprint.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";
import { type Checked, faulty } from "./fault.js";
import { decodeGaps, encodeGaps, winsFault } from "./gaps.js";

/** The fields that both kinds of proof have. */
export const headShape = {
  version: z.literal(1),
  /** Full hash of the network file. */
  network: hashSchema,
  cycle: z.int().min(0).max(MAX_CYCLE),
  hotkey: addressSchema,
  /** One nonce in so many wins, as declared before the seed. */
  difficulty: z.int().min(MIN_DIFFICULTY).max(MAX_DIFFICULTY),
  /** Number of nonces evaluated. */
  nonces: z
    .int()
    .min(0)
    .max(NONCES - 1),
  /** The winning nonces, as `encodeGaps` writes them. */
  wins: z.string().regex(/^[A-Za-z0-9_-]*$/, "base64url without padding"),
  signature: signatureSchema,
};

/** What the chain and the calendar say of a proof, before it is read. */
export interface Promised {
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
  /** The hotkey that put the record. */
  readonly hotkey: string;
  /** Declared before the seed. */
  readonly difficulty: number;
  /** As the record says. */
  readonly hash: string;
  readonly wins: number;
  readonly nonces: number;
  /** The block that included the record, and the blocks in which it counts: start ≤ block < end. */
  readonly included: number;
  readonly phase: { readonly start: number; readonly end: number };
}

/** Bytes of a proof without its wins and hashes, at most. */
export const HEAD_BYTES = 1024;

/** Faults that show before a byte is fetched or read. */
export const earlyFault = ({ included, phase }: Promised, bytes: number, limit: number): Checked<never> | null => {
  if (included < phase.start || included >= phase.end)
    return faulty("late", `block ${included} is not in ${phase.start} to ${phase.end - 1}`);
  return bytes > limit ? faulty("too_large", `${bytes} bytes, at most ${limit} are allowed`) : null;
};

interface Head {
  readonly network: string;
  readonly cycle: number;
  readonly hotkey: string;
  readonly difficulty: number;
  readonly nonces: number;
  readonly wins: readonly number[];
}

/** Whether a proof's bytes and head are what was promised. Null if so. */
export const headFault = (bytes: Uint8Array, head: Head, promised: Promised): Checked<never> | null => {
  if (sha256(bytes) !== promised.hash) return faulty("hash_mismatch");
  if (head.network !== promised.network) return faulty("wrong_network");
  if (head.cycle !== promised.cycle) return faulty("wrong_cycle");
  if (head.hotkey !== promised.hotkey) return faulty("wrong_hotkey");
  if (head.difficulty !== promised.difficulty)
    return faulty("wrong_difficulty", `${head.difficulty}, but ${promised.difficulty} was declared`);
  if (head.wins.length !== promised.wins || head.nonces !== promised.nonces)
    return faulty(
      "wrong_count",
      `${head.wins.length} wins of ${head.nonces} nonces, but the record says ${promised.wins} of ${promised.nonces}`,
    );
  return null;
};

/** A proof as its document writes it. */
export const toDocument = <T extends { readonly wins: readonly number[] }>(
  proof: T,
): Omit<T, "wins"> & { wins: string } => ({
  ...proof,
  wins: encodeGaps(proof.wins),
});

/** The list of wins of a proof, each below `below`. */
const readWins = (text: string, below: number): Checked<readonly number[]> => {
  const read = decodeGaps(text);
  if (!read.ok) return faulty("malformed", read.problem);
  const fault = winsFault(read.value, below);
  return fault === null ? { ok: true, value: read.value } : faulty(fault);
};

/** The proof that a document is, if its bytes are of the schema. @param below what each win is below */
export const readDocument = <T extends { readonly wins: string }>(
  bytes: Uint8Array,
  schema: z.ZodType<T>,
  { limit, below }: { readonly limit: number; readonly below: (document: T) => number },
): Checked<Omit<T, "wins"> & { readonly wins: readonly number[] }> => {
  if (bytes.length > limit) return faulty("too_large", `${bytes.length} bytes, at most ${limit} are allowed`);
  const document = parseCanonical(bytes, schema, limit);
  if (!document.ok) return faulty("malformed", document.problem);
  const wins = readWins(document.value.wins, below(document.value));
  return wins.ok ? { ok: true, value: { ...document.value, wins: wins.value } } : wins;
};

/** The proof with the signature of its document. */
export const signProof = async <P extends object>(
  { proof, document }: { readonly proof: P; readonly document: object },
  signer: Pick<Signer, "sign">,
): Promise<P & { readonly signature: string }> => {
  const { signature } = await signDocument(document, signer);
  return { ...proof, signature };
};

/** @throws BlockZeroError SPRINT_WINS_INVALID */
export const requireWins = (wins: readonly number[], below: number): void => {
  const fault = winsFault(wins, below);
  if (fault === null) return;
  throw new BlockZeroError(
    "SPRINT_WINS_INVALID",
    `a proof cannot be written: its list of wins is ${fault.replace("_", " ")}`,
    "give each winning nonce once, in ascending order",
  );
};

/** Whether the hotkey that a document names signed it. */
export const signedByItself = (document: { readonly hotkey: string; readonly signature: string }, verify: Verify) =>
  isSignedBy(document, document.hotkey, verify);
