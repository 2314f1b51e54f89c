import { z } from "zod";
import { parseCanonical } from "./canonical-json.js";
import { hashSchema } from "./hash.js";
import { hashJson } from "./hash-json.js";
import { listOf } from "./list-of.js";
import { MAX_DETAIL_CHARS, type Parsed } from "./parsed.js";
import { MAX_CYCLE, MAX_NONCES, MAX_WINS } from "./records.js";
import type { Signer } from "./signer.js";
import { addressSchema, isSignedBy, signatureSchema, signDocument, type Verify } from "./signing.js";
import { MAX_SAMPLE } from "./sprint.js";
import { statedReputationsSchema } from "./stated-reputation.js";

/** Greatest size of a document of checks, in bytes. */
export const MAX_CHECKS_BYTES = 1 << 20;

/** Greatest number of proofs in one. */
const MAX_ENTRIES = 1024;

/** A validator's verdict on a proof. `abstain` means that the validator failed, and by itself says nothing of the miner. */
export const CHECK_VERDICTS = ["valid", "invalid", "abstain"] as const;

const TEXTS = {
  no_win: "A nonce of the proof does not win when it is recomputed.",
  mismatch: "Nonces of the proof have other outputs when they are recomputed, more than devices differ.",
  malformed: "The bytes that were committed to are no proof of this hotkey, cycle and difficulty.",
  unreachable: "The proof could not be fetched from where the record said it was.",
  no_time: "The validator had no time to ask for the proof, or to recompute the whole sample.",
  validator_failed: "The validator could not check the proof.",
} as const;

export type CheckReason = keyof typeof TEXTS;

export const CHECK_REASONS = Object.keys(TEXTS) as CheckReason[];

/** The reason in one sentence, for the miner. */
export const explainCheck = (reason: CheckReason): string => TEXTS[reason];

/** The verdict that goes with a reason. */
export const verdictOfCheck = (reason: CheckReason): "invalid" | "abstain" =>
  reason === "no_win" || reason === "mismatch" || reason === "malformed" ? "invalid" : "abstain";

const entrySchema = z
  .strictObject({
    uid: z.int().min(0).max(65535),
    hotkey: addressSchema,
    /** As committed. */
    proof: hashSchema,
    verdict: z.enum(CHECK_VERDICTS),
    reason: z.enum(CHECK_REASONS).nullable(),
    /** The offending value, for people. */
    detail: z.string().max(MAX_DETAIL_CHARS).nullable(),
    /** Wins in the proof, with the float profile nonces: what the sample is drawn of. Null if it was not read. */
    wins: z.int().min(0).max(MAX_WINS).nullable(),
    /** How many of them were recomputed. */
    checked: z.int().min(0).max(MAX_SAMPLE),
    /** A nonce that does not win, which anybody can recompute, or the first with another output. Given for `no_win` and `mismatch` alone. */
    nonce: z.int().min(0).max(MAX_NONCES).nullable(),
  })
  .superRefine((entry, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (entry.verdict === "valid" ? entry.reason !== null : entry.reason === null)
      refuse("reason", "is given unless valid");
    else if (entry.reason !== null && verdictOfCheck(entry.reason) !== entry.verdict)
      refuse("reason", `${entry.reason} is never ${entry.verdict}`);
    if ((entry.nonce !== null) !== (entry.reason === "no_win" || entry.reason === "mismatch"))
      refuse("nonce", "is named for no_win and mismatch alone");
    if (entry.checked > (entry.wins ?? 0)) refuse("checked", "is at most the wins of the proof");
    if (entry.verdict === "valid" && entry.wins === null) refuse("wins", "are counted where valid");
  });

/** One validator's signed verdicts on the proofs of one Sprint: an entry a uid, ascending, none on itself. */
export const checksSchema = z
  .strictObject({
    version: z.literal(1),
    kind: z.literal("checks"),
    network: hashSchema,
    cycle: z.int().min(0).max(MAX_CYCLE),
    validator: addressSchema,
    entries: listOf(entrySchema, MAX_ENTRIES),
    /** Where the network has duty: reputations of hosts as this validator has them. */
    reputations: statedReputationsSchema.optional(),
    signature: signatureSchema,
  })
  .superRefine(({ validator, entries }, context) => {
    const refuse = (message: string) => context.addIssue({ code: "custom", path: ["entries"], message });
    if (!entries.every((entry, i) => i === 0 || entry.uid > (entries[i - 1]?.uid ?? -1)))
      refuse("ascend by uid, one entry each");
    if (entries.some(({ hotkey }) => hotkey === validator)) refuse("have none on the validator itself");
  });

export type Checks = z.infer<typeof checksSchema>;
export type CheckEntry = Checks["entries"][number];
export type UnsignedChecks = Omit<Checks, "version" | "kind" | "validator" | "signature">;

export const signChecks = (fields: UnsignedChecks, signer: Pick<Signer, "address" | "sign">): Promise<Checks> =>
  signDocument({ version: 1, kind: "checks", validator: signer.address, ...fields } as const, signer);

/** SHA-256 of the whole document's canonical JSON, signature included. */
export const checksHash = (checks: Checks): string => hashJson(checks);

/** Never throws, whatever the bytes. */
export const parseChecks = (bytes: Uint8Array): Parsed<Checks> => parseCanonical(bytes, checksSchema, MAX_CHECKS_BYTES);

/** Whether the validator that the document names signed it. */
export const isChecksSigned = (checks: Checks, verify: Verify): boolean => isSignedBy(checks, checks.validator, verify);
