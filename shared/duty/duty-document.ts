import { z } from "zod";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import { hashSchema } from "#shared/protocol/hash.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import { listOf } from "#shared/protocol/list-of.js";
import { MAX_DETAIL_CHARS, type Parsed } from "#shared/protocol/parsed.js";
import { MAX_CYCLE } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import { addressSchema, isSignedBy, signatureSchema, signDocument, type Verify } from "#shared/protocol/signing.js";

/** Greatest number of draws in one document. */
export const MAX_DRAWS = 1024;

/** Greatest size of a duty document, in bytes. */
export const MAX_DUTY_BYTES = 1 << 20;

export const drawSchema = z.string().regex(/^[0-9a-f]{192}$/, "a draw is 192 lower-case hex digits");

export const verdictSchema = z.enum(["valid", "invalid", "abstain"]);

const dutySchema = z
  .strictObject({
    /** The task's id. */
    task: hashSchema,
    draw: drawSchema,
    verdict: verdictSchema,
    /** Why, for people: printable ASCII. Null where valid. */
    reason: z
      .string()
      .regex(new RegExp(`^[\\x20-\\x7e]{1,${MAX_DETAIL_CHARS}}$`), "a reason is printable ASCII")
      .nullable(),
    /** `dutyEvidence`, where the check computes what others can compute again. */
    evidence: hashSchema.optional(),
  })
  .refine(({ verdict, reason }) => (verdict === "valid") === (reason === null), {
    path: ["reason"],
    message: "is given unless valid",
  })
  .refine(({ verdict, evidence }) => verdict !== "abstain" || evidence === undefined, {
    path: ["evidence"],
    message: "is of no abstention",
  });

/** In the order of documents: by task, so that one set has one text. */
export const ascending = <T extends { readonly task: string }>(entries: readonly T[]): T[] =>
  [...entries].sort((a, b) => compareTexts(a.task, b.task));

export const isAscending = (entries: readonly { readonly task: string }[]): boolean =>
  entries.every(({ task }, i) => i === 0 || task > entries[i - 1]!.task);

/** A verifier's proofs of the duty that it did in a cycle, and its verdicts. */
export const dutyDocumentSchema = z
  .strictObject({
    version: z.literal(1),
    kind: z.literal("duty"),
    /** Full hash of the network file. */
    network: hashSchema,
    cycle: z.int().min(0).max(MAX_CYCLE),
    hotkey: addressSchema,
    /** One a task, ascending by id. */
    duties: listOf(dutySchema, MAX_DRAWS),
    signature: signatureSchema,
  })
  .refine(({ duties }) => isAscending(duties), { path: ["duties"], message: "ascend by task, one entry each" });

export type DutyDocument = z.infer<typeof dutyDocumentSchema>;
export type Duty = DutyDocument["duties"][number];
export type UnsignedDutyDocument = Pick<DutyDocument, "network" | "cycle" | "duties">;

/** What a verifier signs of its duty. */
export const dutyBody = (
  { network, cycle, duties }: UnsignedDutyDocument,
  hotkey: string,
): Omit<DutyDocument, "signature"> => ({
  version: 1,
  kind: "duty",
  network,
  cycle,
  hotkey,
  duties: ascending(duties),
});

export const signDutyDocument = (
  fields: UnsignedDutyDocument,
  signer: Pick<Signer, "address" | "sign">,
): Promise<DutyDocument> => signDocument(dutyBody(fields, signer.address), signer);

/** SHA-256 of the whole document's canonical JSON, signature included. */
export const dutyDocumentHash = (document: DutyDocument): string => hashJson(document);

/** Never throws, whatever the bytes. */
export const parseDutyDocument = (bytes: Uint8Array): Parsed<DutyDocument> =>
  parseCanonical(bytes, dutyDocumentSchema, MAX_DUTY_BYTES);

/** Whether the document's own hotkey signed it. */
export const isDutyDocumentSigned = (document: DutyDocument, verify: Verify): boolean =>
  isSignedBy(document, document.hotkey, verify);
