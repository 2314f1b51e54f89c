import { z } from "zod";
import { parseCanonical } from "./canonical-json.js";
import { groupName } from "./expert-group.js";
import { hashSchema } from "./hash.js";
import { listOf } from "./list-of.js";
import { updateManifestSchema } from "./manifest.js";
import { networkSchema } from "./network.js";
import type { Parsed } from "./parsed.js";
import { MAX_CYCLE, MAX_RECORD_BYTES } from "./records.js";
import { reportSchema } from "./report.js";
import type { Signer } from "./signer.js";
import { addressSchema, signatureSchema, signDocument } from "./signing.js";
import { REASON_CODES, VERDICTS } from "./verdict.js";

/** Largest receipt that is read, in bytes: every validator's report may be in it. */
export const MAX_RECEIPT_BYTES = 64 << 20;

/** The version of receipts that are written and checked. */
export const RECEIPT_VERSION = 2;

/** A record as the chain shows it. */
const inclusionSchema = z.strictObject({
  record: z.string().max(MAX_RECORD_BYTES),
  /** Block that included it, and that block's hash. */
  block: z.int().min(0),
  blockHash: hashSchema,
});

/**
 * A miner's record of one cycle: what it committed, when, and what the validators said. It carries all that its hashes and signatures
 * cover, so that anybody can check it without a chain; that the chain includes the records is what its blocks are named for.
 */
export const receiptSchema = z.strictObject({
  version: z.literal(RECEIPT_VERSION),
  kind: z.literal("receipt"),
  /** Hash of the chain's block 0. */
  chain: hashSchema,
  network: networkSchema,
  cycle: z.int().min(0).max(MAX_CYCLE),
  uid: z.int().min(0).max(65535),
  hotkey: addressSchema,
  update: updateManifestSchema,
  commit: inclusionSchema,
  reveal: inclusionSchema,
  /** Hotkey → stake of every validator that might vote, in the smallest unit. */
  stakes: z.record(addressSchema, z.string().regex(/^[1-9]\d{0,38}$/)),
  /** Hotkeys whose report does not count, though they and most of the stake that says what it holds do hold it. */
  unheard: listOf(addressSchema, 4096),
  /** The validators' signed reports, as far as they could be had, with the records that bind them. */
  reports: listOf(inclusionSchema.extend({ report: reportSchema }), 4096),
  /** What the reports together say of the miner. */
  outcome: z.strictObject({
    uid: z.int(),
    hotkey: addressSchema,
    group: groupName.nullable(),
    artifact: hashSchema.nullable(),
    verdict: z.enum(VERDICTS),
    reason: z.enum(REASON_CODES).nullable(),
    lossReduction: z.number().nullable(),
    standardError: z.number().nullable(),
    score: z.number(),
    independence: z.number().nullable(),
  }),
  signature: signatureSchema,
});

export type Receipt = z.infer<typeof receiptSchema>;
export type UnsignedReceipt = Omit<Receipt, "version" | "kind" | "hotkey" | "signature">;

/** What a miner signs of its receipt. */
export const receiptBody = (fields: UnsignedReceipt, hotkey: string): Omit<Receipt, "signature"> => ({
  version: RECEIPT_VERSION,
  kind: "receipt",
  hotkey,
  ...fields,
});

export const signReceipt = (fields: UnsignedReceipt, signer: Pick<Signer, "address" | "sign">): Promise<Receipt> =>
  signDocument(receiptBody(fields, signer.address), signer);

/** Never throws, whatever the bytes. */
export const parseReceipt = (bytes: Uint8Array): Parsed<Receipt> =>
  parseCanonical(bytes, receiptSchema, MAX_RECEIPT_BYTES);

const headSchema = z.object({ kind: z.literal("receipt"), version: z.int().min(1) });

/** The version that a receipt says it has. Null where the bytes are none. Never throws, whatever the bytes. */
export const receiptVersion = (bytes: Uint8Array): number | null => {
  try {
    return headSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8"))).version;
  } catch {
    return null;
  }
};
