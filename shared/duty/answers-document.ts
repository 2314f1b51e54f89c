import { z } from "zod";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { hashSchema } from "#shared/protocol/hash.js";
import { listOf } from "#shared/protocol/list-of.js";
import type { Parsed } from "#shared/protocol/parsed.js";
import { MAX_CYCLE } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import { addressSchema, isSignedBy, signatureSchema, signDocument, type Verify } from "#shared/protocol/signing.js";
import { ascending, drawSchema, isAscending, MAX_DRAWS, MAX_DUTY_BYTES, verdictSchema } from "./duty-document.js";

/**
 * What a verifier publishes once all duty documents are committed: its draws of sampled tasks that its own does not claim, which show that it
 * was not on duty, or was and stayed silent; and its votes on flagged tasks.
 */
export const answersSchema = z
  .strictObject({
    version: z.literal(1),
    kind: z.literal("duty-answers"),
    network: hashSchema,
    cycle: z.int().min(0).max(MAX_CYCLE),
    hotkey: addressSchema,
    /** One a task, ascending by id. */
    answers: listOf(z.strictObject({ task: hashSchema, draw: drawSchema }), MAX_DRAWS),
    votes: listOf(z.strictObject({ task: hashSchema, verdict: verdictSchema }), MAX_DRAWS),
    signature: signatureSchema,
  })
  .refine(({ answers, votes }) => isAscending(answers) && isAscending(votes), {
    path: ["answers"],
    message: "and votes ascend by task, one entry each",
  });

export type DutyAnswers = z.infer<typeof answersSchema>;

export type UnsignedDutyAnswers = Pick<DutyAnswers, "network" | "cycle" | "answers" | "votes">;

/** What a verifier signs of its answers. */
export const dutyAnswersBody = (
  { network, cycle, answers, votes }: UnsignedDutyAnswers,
  hotkey: string,
): Omit<DutyAnswers, "signature"> => ({
  version: 1,
  kind: "duty-answers",
  network,
  cycle,
  hotkey,
  answers: ascending(answers),
  votes: ascending(votes),
});

export const signDutyAnswers = (
  fields: UnsignedDutyAnswers,
  signer: Pick<Signer, "address" | "sign">,
): Promise<DutyAnswers> => signDocument(dutyAnswersBody(fields, signer.address), signer);

/** Never throws, whatever the bytes. */
export const parseDutyAnswers = (bytes: Uint8Array): Parsed<DutyAnswers> =>
  parseCanonical(bytes, answersSchema, MAX_DUTY_BYTES);

export const areDutyAnswersSigned = (document: DutyAnswers, verify: Verify): boolean =>
  isSignedBy(document, document.hotkey, verify);
