import { z } from "zod";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { hashSchema } from "#shared/protocol/hash.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { MAX_CYCLE } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import { addressSchema, isSignedBy, signatureSchema, signDocument, type Verify } from "#shared/protocol/signing.js";
import { SEALED_BYTES, type SealOwner } from "./seal.js";

/** Greatest size of a contribution, in bytes. */
export const MAX_CONTRIBUTION_BYTES = 2048;

const contributionSchema = z.strictObject({
  version: z.literal(1),
  kind: z.literal("contribution"),
  network: hashSchema,
  cycle: z.int().min(0).max(MAX_CYCLE),
  hotkey: addressSchema,
  /** The drand round whose pulse opens it. */
  round: z.int().min(1),
  sealed: z.string().regex(new RegExp(`^[0-9a-f]{${2 * SEALED_BYTES}}$`), `is ${SEALED_BYTES} bytes in hex digits`),
  signature: signatureSchema,
});

/** One contributor's signed and sealed part of a cycle's value. */
export type Contribution = z.infer<typeof contributionSchema>;

export type UnsignedContribution = Pick<Contribution, "network" | "cycle" | "round"> & { readonly sealed: Uint8Array };

/** What a contributor signs. */
export const contributionBody = (
  { sealed, ...fields }: UnsignedContribution,
  hotkey: string,
): Omit<Contribution, "signature"> => ({
  version: 1,
  kind: "contribution",
  hotkey,
  ...fields,
  sealed: Buffer.from(sealed).toString("hex"),
});

export const signContribution = (
  fields: UnsignedContribution,
  signer: Pick<Signer, "address" | "sign">,
): Promise<Contribution> => signDocument(contributionBody(fields, signer.address), signer);

/** SHA-256 of the whole document's canonical JSON, signature included. */
export const contributionHash = (contribution: Contribution): string => hashJson(contribution);

/** Never throws, whatever the bytes. */
export const parseContribution = (bytes: Uint8Array): Parsed<Contribution> =>
  parseCanonical(bytes, contributionSchema, MAX_CONTRIBUTION_BYTES);

export interface ExpectedContribution extends SealOwner {
  readonly round: number;
}

/**
 * Parses a contribution and says why it is none of this hotkey, network, cycle and round. A validator says that it holds only what passes
 * this, and what a majority holds is judged by it again: the pulse is not needed. Never throws.
 */
export const readContribution = (
  bytes: Uint8Array,
  { network, cycle, hotkey, round }: ExpectedContribution,
  verify: Verify,
): Parsed<Contribution> => {
  const parsed = parseContribution(bytes);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  if (value.network !== network) return refused("its contribution is to another network");
  if (value.cycle !== cycle) return refused(`its contribution is to cycle ${value.cycle}`);
  if (value.hotkey !== hotkey) return refused("its contribution is another hotkey's");
  if (value.round !== round) return refused(`its contribution opens with round ${value.round}, not ${round}`);
  return isSignedBy(value, hotkey, verify) ? accepted(value) : refused("its contribution is not signed by its hotkey");
};
