import { z } from "zod";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { hashSchema } from "#shared/protocol/hash.js";
import { listOf } from "#shared/protocol/list-of.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { MAX_CYCLE } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import { addressSchema, isSignedBy, signatureSchema, signDocument, type Verify } from "#shared/protocol/signing.js";
import type { CycleName } from "../fallback.js";
import { GROUP_SHAPE } from "./shape.js";
import { SHARE_BYTES, TAG_BYTES } from "./share-encryption.js";

/** Greatest size of a document of the group, in bytes: a dealing to 128 members. */
export const MAX_GROUP_DOCUMENT_BYTES = 1 << 17;

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `is ${bytes} bytes in hex digits`);
const g1 = hex(48);
export const g2Schema = hex(96);
const scalar = hex(32);

/** At most `slots` members have a share each; a member's shares end with a tag. */
const sealedShares = z
  .string()
  .max(2 * (GROUP_SHAPE.slots * SHARE_BYTES + TAG_BYTES))
  .regex(/^([0-9a-f]{2})*$/, "is bytes in hex digits");

const head = {
  version: z.literal(1),
  network: hashSchema,
  /** The first cycle in which the group signs. */
  cycle: z.int().min(0).max(MAX_CYCLE),
  hotkey: addressSchema,
};

const SCHEMAS = {
  /** A member's encryption key: its secret times the generator of G1. */
  "group-key": z.strictObject({ ...head, kind: z.literal("group-key"), key: g1, signature: signatureSchema }),
  /** A dealer's polynomial: commitments to its coefficients, the constant one first, and each member's shares. */
  dealing: z.strictObject({
    ...head,
    kind: z.literal("dealing"),
    commitments: listOf(g2Schema, GROUP_SHAPE.slots, 1),
    /** One entry for each member with a key, by ascending hotkey. */
    shares: listOf(z.strictObject({ member: addressSchema, ephemeral: g1, sealed: sealedShares }), GROUP_SHAPE.slots),
    signature: signatureSchema,
  }),
  /** A member's statement that its shares of these dealers do not decrypt or are not those committed to. */
  complaint: z.strictObject({
    ...head,
    kind: z.literal("complaint"),
    against: listOf(addressSchema, GROUP_SHAPE.slots, 1),
    signature: signatureSchema,
  }),
  /** A dealer's answer to complaints: the ephemeral scalars with which it encrypted those members' shares. */
  answer: z.strictObject({
    ...head,
    kind: z.literal("answer"),
    answers: listOf(z.strictObject({ member: addressSchema, ephemeral: scalar }), GROUP_SHAPE.slots, 1),
    signature: signatureSchema,
  }),
  /** A member's partial signatures of a cycle, one for each of its slots, in ascending order. `cycle` is the one that is signed. */
  partial: z.strictObject({
    ...head,
    kind: z.literal("partial"),
    partials: listOf(g1, GROUP_SHAPE.slots, 1),
    signature: signatureSchema,
  }),
} as const;

export type GroupDocumentKind = keyof typeof SCHEMAS;
export const GROUP_KINDS = Object.keys(SCHEMAS) as readonly GroupDocumentKind[];
export type GroupDocument<K extends GroupDocumentKind> = z.infer<(typeof SCHEMAS)[K]>;

export type GroupFields<K extends GroupDocumentKind> = Omit<
  GroupDocument<K>,
  "version" | "kind" | "hotkey" | "signature"
>;

/** What a member of the group signs. */
export const groupBody = <K extends GroupDocumentKind>(kind: K, fields: GroupFields<K>, hotkey: string) => ({
  version: 1,
  kind,
  hotkey,
  ...fields,
});

export const signGroupDocument = <K extends GroupDocumentKind>(
  kind: K,
  fields: GroupFields<K>,
  signer: Pick<Signer, "address" | "sign">,
): Promise<GroupDocument<K>> =>
  signDocument(groupBody(kind, fields, signer.address), signer) as unknown as Promise<GroupDocument<K>>;

/** Never throws, whatever the bytes. Points are not checked to be on the curve. */
export const parseGroupDocument = <K extends GroupDocumentKind>(kind: K, bytes: Uint8Array): Parsed<GroupDocument<K>> =>
  parseCanonical(bytes, SCHEMAS[kind] as unknown as z.ZodType<GroupDocument<K>>, MAX_GROUP_DOCUMENT_BYTES);

/** The same, and why it is not this hotkey's in this network and cycle. Never throws. */
export const readGroupDocument = <K extends GroupDocumentKind>(
  kind: K,
  bytes: Uint8Array,
  { network, cycle, hotkey }: CycleName & { readonly hotkey: string },
  verify: Verify,
): Parsed<GroupDocument<K>> => {
  const parsed = parseGroupDocument(kind, bytes);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  if (value.network !== network) return refused(`its ${kind} is of another network`);
  if (value.cycle !== cycle) return refused(`its ${kind} is of cycle ${value.cycle}`);
  if (value.hotkey !== hotkey) return refused(`its ${kind} is another hotkey's`);
  return isSignedBy(value, hotkey, verify) ? accepted(value) : refused(`its ${kind} is not signed by its hotkey`);
};
