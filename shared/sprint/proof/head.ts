import { z } from "zod";
import { hashSchema, sha256 } from "#shared/protocol/hash.js";
import { MAX_CYCLE, MAX_WINS } from "#shared/protocol/records.js";
import { addressSchema, isSignedBy, signatureSchema, type Verify } from "#shared/protocol/signing.js";
import { MAX_DIFFICULTY, MIN_DIFFICULTY } from "#shared/protocol/sprint.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";
import { type Checked, faulty } from "./fault.js";

/** The fields that the heads of both kinds of proof have. */
export const headShape = {
  version: z.literal(2),
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
  /** Number of winning nonces. */
  wins: z.int().min(0).max(MAX_WINS),
  /** SHA-256 of the winning nonces as `encodeGaps` writes them. */
  gaps: hashSchema,
  signature: signatureSchema,
};

/** What the chain and the calendar say of a proof, before it is read. */
export interface ExpectedProof {
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

/** Bytes of a head, the line's end included, at most; without the hashes of prefixes. */
export const HEAD_BYTES = 1024;

/** Faults that show before a byte is fetched or read. */
export const earlyFault = ({ included, phase }: ExpectedProof, bytes: number, limit: number): Checked<never> | null => {
  if (included < phase.start || included >= phase.end)
    return faulty("late", `block ${included} is not in ${phase.start} to ${phase.end - 1}`);
  return bytes > limit ? faulty("too_large", `${bytes} bytes, at most ${limit} are allowed`) : null;
};

/** What the heads of both kinds have in common. */
export type ProofHead = z.infer<z.ZodObject<typeof headShape>>;

/** Whether a proof's bytes and head are what was expected. Null if so. */
export const headFault = (bytes: Uint8Array, head: ProofHead, expected: ExpectedProof): Checked<never> | null => {
  if (sha256(bytes) !== expected.hash) return faulty("hash_mismatch");
  if (head.network !== expected.network) return faulty("wrong_network");
  if (head.cycle !== expected.cycle) return faulty("wrong_cycle");
  if (head.hotkey !== expected.hotkey) return faulty("wrong_hotkey");
  if (head.difficulty !== expected.difficulty)
    return faulty("wrong_difficulty", `${head.difficulty}, but ${expected.difficulty} was declared`);
  if (head.wins !== expected.wins || head.nonces !== expected.nonces)
    return faulty(
      "wrong_count",
      `${head.wins} wins of ${head.nonces} nonces, but the record says ${expected.wins} of ${expected.nonces}`,
    );
  return null;
};

/** Whether the hotkey that a head names signed it. */
export const isHeadSigned = (head: ProofHead, verify: Verify): boolean => isSignedBy(head, head.hotkey, verify);
