import { z } from "zod";
import { about } from "./about.js";
import { DEFAULT_CONFIDENCE } from "./default-confidence.js";
import { DEFAULT_STEPS } from "./default-steps.js";
import { outerStepSchema } from "./outer-step.js";

/** Greatest number of candidate steps in a network, beside the base. */
export const MAX_STEPS = 8;

/** How a group's model takes the cycle's updates: by the one of these steps that was measured as best, or not at all. */
export const outerSchema = z.strictObject({
  confidence: z
    .number()
    .gt(0.5)
    .lt(1)
    .default(DEFAULT_CONFIDENCE)
    .meta(
      about("One-sided confidence, over all steps together, that a step which a validator approves lowers the loss."),
    ),
  steps: z
    .array(outerStepSchema)
    .min(1)
    .max(MAX_STEPS)
    .default(DEFAULT_STEPS)
    .meta(about("Candidate steps, numbered from 1 in ballots and manifests: [learning.md](learning.md).")),
});
