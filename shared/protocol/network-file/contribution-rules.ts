import { z } from "zod";
import { about } from "./about.js";

/** Most contributors to a value of the beacon: with more, opening them costs more than it adds. */
export const MAX_CONTRIBUTORS = 64;

/** What participants must agree on about contributions. */
export const contributionRulesSchema = z.strictObject({
  rounds: z
    .int()
    .min(2)
    .meta(
      about(
        "Rounds from the newest one at the last block before the train phase to the one that opens the seals: the time until the reveal phase.",
        "rounds",
      ),
    ),
  margin: z
    .number()
    .min(1)
    .default(60)
    .meta(
      about(
        "Least time from a seal's block to the pulse that opens it; a later seal does not count. More than two blocks: the hash of the second block after the last seal is mixed in.",
        "seconds",
      ),
    ),
  lead: z
    .int()
    .min(1)
    .max(16)
    .optional()
    .meta(
      about(
        "Blocks that follow a held record's and are older than the pulse as well, so that the record counts: its block's producer alone cannot hold it back until the pulse is known. Unset: none.",
        "blocks",
      ),
    ),
  most: z.int().min(1).max(MAX_CONTRIBUTORS).default(MAX_CONTRIBUTORS).meta(about("Most contributors.")),
});

export type ContributionRules = z.infer<typeof contributionRulesSchema>;
