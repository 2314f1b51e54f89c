import { z } from "zod";
import { parseCanonical } from "./canonical-json.js";
import { groupName } from "./expert-group.js";
import { hashSchema } from "./hash.js";
import { hashJson } from "./hash-json.js";
import { listOf } from "./list-of.js";
import { MAX_DETAIL_CHARS, type Parsed } from "./parsed.js";
import { MAX_CYCLE } from "./records.js";
import type { Signer } from "./signer.js";
import { addressSchema, isSignedBy, signatureSchema, signDocument, type Verify } from "./signing.js";
import { REASON_CODES, VERDICTS, verdictFor } from "./verdict.js";

/** Greatest size of a report, in bytes. */
export const MAX_REPORT_BYTES = 1 << 20;

/** Greatest magnitude of a valid loss, nats per token: the loss of a model that guesses among 10⁴³⁴ tokens. */
export const MAX_LOSS = 1000;

/** Greatest number of neurons in a report. */
const MAX_ENTRIES = 1024;

/** Bounds of the growth in a race: with few contenders left, the estimate is no better than that. */
export const GROWTH_BOUNDS = [0.5, 2] as const;

const loss = z.number().min(-MAX_LOSS).max(MAX_LOSS);

const entrySchema = z
  .strictObject({
    uid: z.int().min(0).max(65535),
    hotkey: addressSchema,
    /** Null if the miner revealed none. */
    group: groupName.nullable(),
    artifact: hashSchema.nullable(),
    verdict: z.enum(VERDICTS),
    reason: z.enum(REASON_CODES).nullable(),
    /** The offending value, for people. */
    detail: z.string().max(MAX_DETAIL_CHARS).nullable(),
    /** Mean of the paired differences, nats per token, and its standard error. Null unless scored. */
    lossReduction: loss.nullable(),
    standardError: z.number().min(0).max(MAX_LOSS).nullable(),
    /** Number of evaluation batches measured, the first ones in the seed's order. Null unless scored. */
    batches: z.int().min(2).nullable(),
    /** Product of the race's growths after the miner's own last lap. The score is proportional to it. Null unless scored. */
    growth: z.number().min(GROWTH_BOUNDS[0]).max(GROWTH_BOUNDS[1]).nullable(),
    /** Its part of what its group learnt, relative to the mean of the parts, each weighted by itself: 1 among equals. Null unless scored. */
    independence: z.number().min(0).max(MAX_ENTRIES).nullable(),
    /** From the lower confidence bound of the mean over all batches. At least 0. */
    score: z.number().min(0),
  })
  .superRefine((entry, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    const measurements = [entry.lossReduction, entry.standardError, entry.batches, entry.growth, entry.independence];
    if (entry.verdict === "scored") {
      if (entry.reason !== null) refuse("reason", "is null when scored");
      if (entry.group === null || entry.artifact === null) refuse("artifact", "and group are named when scored");
      if (measurements.includes(null)) refuse("lossReduction", "and all measurements are given when scored");
      return;
    }
    if (entry.reason === null) refuse("reason", "is given unless scored");
    else if (verdictFor(entry.reason) !== entry.verdict) refuse("reason", `${entry.reason} is never ${entry.verdict}`);
    if (measurements.some((value) => value !== null) || entry.score !== 0)
      refuse("score", "is 0 and unmeasured unless scored");
  });

/** One validator's signed results for one cycle. One entry per uid, in ascending order. */
export const reportSchema = z
  .strictObject({
    version: z.literal(3),
    kind: z.literal("report"),
    network: hashSchema,
    cycle: z.int().min(0).max(MAX_CYCLE),
    /** Hash of the model that the updates were applied to. */
    base: hashSchema,
    validator: addressSchema,
    /** Group → evaluation seed. */
    seeds: z.record(groupName, hashSchema),
    /** Group → mean loss of the base model over the first `batches` evaluation batches, nats per token. */
    baseline: z.record(groupName, z.strictObject({ loss, batches: z.int().min(2) })),
    entries: listOf(entrySchema, MAX_ENTRIES),
    signature: signatureSchema,
  })
  .superRefine(({ entries }, context) => {
    const ascend = entries.every((entry, i) => i === 0 || entry.uid > (entries[i - 1]?.uid ?? -1));
    if (!ascend) context.addIssue({ code: "custom", path: ["entries"], message: "ascend by uid, one entry each" });
  });

export type Report = z.infer<typeof reportSchema>;
export type ReportEntry = Report["entries"][number];
export type UnsignedReport = Omit<Report, "version" | "kind" | "validator" | "signature">;

/** What a validator signs of its report. */
export const reportBody = (fields: UnsignedReport, validator: string): Omit<Report, "signature"> => ({
  version: 3,
  kind: "report",
  validator,
  ...fields,
});

export const signReport = (fields: UnsignedReport, signer: Pick<Signer, "address" | "sign">): Promise<Report> =>
  signDocument(reportBody(fields, signer.address), signer);

/** SHA-256 of the whole report's canonical JSON, signature included. */
export const reportHash = (report: Report): string => hashJson(report);

/** Never throws, whatever the bytes. */
export const parseReport = (bytes: Uint8Array): Parsed<Report> => parseCanonical(bytes, reportSchema, MAX_REPORT_BYTES);

/** Whether the validator that the report names signed it. */
export const isReportSigned = (report: Report, verify: Verify): boolean => isSignedBy(report, report.validator, verify);
