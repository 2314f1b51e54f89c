import { z } from "zod";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Parsed } from "#shared/protocol/parsed.js";
import { MAX_WINS } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Verify } from "#shared/protocol/signing.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";
import { asParsed, type Checked, faulty } from "./fault.js";
import { maxGapsBytes } from "./gaps.js";
import { hardwareSchema } from "./hardware.js";
import { type ExpectedProof, earlyFault, HEAD_BYTES, headFault, headShape, isHeadSigned } from "./head.js";
import { encodeFile, readFile, signProof, toFile, type WithWins, withWins } from "./proof-file.js";

/** Greatest size of a proof with so many wins, in bytes. A record names the number, so a fetch is bounded before it begins. */
export const maxWinnersBytes = (wins = MAX_WINS): number => HEAD_BYTES + maxGapsBytes(wins);

const winnersSchema = z.strictObject({
  ...headShape,
  kind: z.literal("winners"),
  /** What the host says of its machine, if it does. */
  hardware: hardwareSchema.optional(),
});

type WinnersHead = z.infer<typeof winnersSchema>;

/**
 * Proof A: the winning nonces of one hotkey's Sprint, ascending strictly, each below 2^48. It needs no tree over the others, because a false win
 * fails recomputation. Its hash is SHA-256 of its bytes.
 */
export type WinnersProof = WithWins<WinnersHead>;

export type UnsignedWinners = Pick<WinnersProof, "network" | "cycle" | "difficulty" | "nonces" | "wins" | "hardware">;

/**
 * What a miner signs: the proof, and the head that its signature covers.
 *
 * @throws BlockZeroError SPRINT_WINS_INVALID unless a proof can have these wins
 */
export const winnersBody = (fields: UnsignedWinners, hotkey: string) => {
  const proof = { version: 2, kind: "winners", hotkey, ...fields } as const;
  return { proof, head: toFile(proof, NONCES).head };
};

/** @throws BlockZeroError SPRINT_WINS_INVALID unless a proof can have these wins */
export const signWinners = async (
  fields: UnsignedWinners,
  signer: Pick<Signer, "address" | "sign">,
): Promise<WinnersProof> => signProof(winnersBody(fields, signer.address), signer);

/** The proof's bytes. @throws BlockZeroError SPRINT_WINS_INVALID unless a proof can have these wins */
export const encodeWinners = (proof: WinnersProof): Uint8Array => encodeFile(toFile(proof, NONCES));

/** SHA-256 of the proof's bytes. */
export const winnersHash = (proof: WinnersProof): string => sha256(encodeWinners(proof));

/** The head that a signer is asked to sign, with a signature. Never throws, whatever the bytes. */
export const parseWinnersHead = (bytes: Uint8Array): Parsed<WinnersHead> =>
  parseCanonical(bytes, winnersSchema, HEAD_BYTES);

/** Never throws, whatever the bytes. */
export const parseWinners = (bytes: Uint8Array): Parsed<WinnersProof> => {
  const file = readFile(bytes, winnersSchema, HEAD_BYTES);
  return asParsed(file.ok ? withWins(file.value, NONCES) : file);
};

/**
 * The verdict on a proof's bytes as far as no network is evaluated. One fault rejects the whole proof. Checks go from the cheapest to the
 * dearest: block, size, head, hash, signature, wins. Never throws.
 */
export const checkWinners = (bytes: Uint8Array, expected: ExpectedProof, verify: Verify): Checked<WinnersProof> => {
  const early = earlyFault(expected, bytes.length, maxWinnersBytes(expected.wins));
  if (early) return early;
  const file = readFile(bytes, winnersSchema, HEAD_BYTES);
  if (!file.ok) return file;
  const fault = headFault(bytes, file.value.head, expected);
  if (fault) return fault;
  return isHeadSigned(file.value.head, verify) ? withWins(file.value, NONCES) : faulty("bad_signature");
};
