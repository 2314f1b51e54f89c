import { z } from "zod";
import { sha256 } from "#shared/protocol/hash.js";
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

/** Greatest size of a proof with so many wins, in bytes. A record names the number, so a fetch is bounded before it begins. */
export const maxWinnersBytes = (wins = MAX_WINS): number =>
  HEAD_BYTES + Math.ceil((Math.min(wins, MAX_WINS) * MAX_GAP_BYTES * 4) / 3);

const winnersSchema = z.strictObject({ ...headShape, kind: z.literal("winners") });

/**
 * Proof A: the winning nonces of one hotkey's Sprint. It needs no tree over the others, because a false win fails recomputation. Its hash is
 * SHA-256 of its bytes.
 */
export interface WinnersProof extends Omit<z.infer<typeof winnersSchema>, "wins"> {
  /** Ascending strictly, each below 2^48. */
  readonly wins: readonly number[];
}

export type UnsignedWinners = Pick<WinnersProof, "network" | "cycle" | "difficulty" | "nonces" | "wins">;

/** What a miner signs: the proof, and the document that its signature covers. @throws BlockZeroError SPRINT_WINS_INVALID unless the wins ascend strictly and are in range */
export const winnersBody = (fields: UnsignedWinners, hotkey: string) => {
  requireWins(fields.wins, NONCES);
  const proof = { version: 1, kind: "winners", hotkey, ...fields } as const;
  return { proof, document: toDocument(proof) };
};

/** @throws BlockZeroError SPRINT_WINS_INVALID unless the wins ascend strictly and are in range */
export const signWinners = async (
  fields: UnsignedWinners,
  signer: Pick<Signer, "address" | "sign">,
): Promise<WinnersProof> => signProof(winnersBody(fields, signer.address), signer);

/** The proof's canonical JSON. @throws BlockZeroError SPRINT_WINS_INVALID unless the wins ascend strictly and are in range */
export const encodeWinners = (proof: WinnersProof): Uint8Array => {
  requireWins(proof.wins, NONCES);
  return canonicalBytes(toDocument(proof));
};

/** SHA-256 of the proof's bytes. */
export const winnersHash = (proof: WinnersProof): string => sha256(encodeWinners(proof));

/** Whether the hotkey that the proof names signed it. */
export const isWinnersSigned = (proof: WinnersProof, verify: Verify): boolean =>
  signedByItself(toDocument(proof), verify);

const readWinners = (bytes: Uint8Array): Checked<WinnersProof> =>
  readDocument(bytes, winnersSchema, { limit: maxWinnersBytes(), below: () => NONCES });

/** Never throws, whatever the bytes. */
export const parseWinners = (bytes: Uint8Array): Parsed<WinnersProof> => asParsed(readWinners(bytes));

/**
 * The verdict on a proof's bytes as far as no network is evaluated. One fault rejects the whole proof. Checks go from the cheapest to the
 * dearest: block, size, form, hash, head, signature. Never throws.
 */
export const checkWinners = (bytes: Uint8Array, promised: Promised, verify: Verify): Checked<WinnersProof> => {
  const early = earlyFault(promised, bytes.length, maxWinnersBytes(promised.wins));
  if (early) return early;
  const read = readWinners(bytes);
  if (!read.ok) return read;
  const fault = headFault(bytes, read.value, promised);
  if (fault) return fault;
  return isWinnersSigned(read.value, verify) ? read : faulty("bad_signature");
};
