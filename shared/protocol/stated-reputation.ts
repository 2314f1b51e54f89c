import { z } from "zod";
import { listOf } from "./list-of.js";
import { MAX_CYCLE } from "./records.js";
import { addressSchema } from "./signing.js";

/** Greatest number of reputations in one document. */
export const MAX_REPUTATIONS = 1024;

/** A host's reputation as a validator states it: `Reputation` of `shared/reputation`, and whose. */
const statedReputationSchema = z.strictObject({
  hotkey: addressSchema,
  value: z.int().min(0).max(1_000_000),
  idle: z.int().min(0).max(MAX_CYCLE),
  missTest: z.strictObject({ ratio: z.int(), isNegligent: z.boolean() }),
});

export type StatedReputation = z.infer<typeof statedReputationSchema>;

/** Ascending by hotkey, one each. */
export const statedReputationsSchema = listOf(statedReputationSchema, MAX_REPUTATIONS).refine(
  (stated) => stated.every(({ hotkey }, i) => i === 0 || hotkey > (stated[i - 1]?.hotkey ?? "")),
  { message: "ascend by hotkey, one entry each" },
);
