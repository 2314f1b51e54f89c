import { z } from "zod";
import { about } from "./about.js";
import { DEFAULT_CONFIDENCE } from "./default-confidence.js";
import { DEFAULT_STEPS } from "./default-steps.js";

/** Most steps that a network's validators choose among, beside the base. */
export const MAX_STEPS = 8;

/** One step of the outer optimiser: SGD with Nesterov momentum along an update; without momentum it begins the buffer anew. */
export const outerStepSchema = z.strictObject({
  along: z
    .enum(["merged", "all", "best"])
    .default("merged")
    .meta(
      about(
        "Along the merged update; along the plain mean of all scored updates, which may do good where none does alone; or along the update with the largest share alone, which others cannot spoil.",
      ),
    ),
  lr: z.number().positive().max(16).meta(about("The step's length, in lengths of that update.")),
  momentum: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .meta(about("Nesterov momentum; a step without it begins the momentum buffer anew.")),
});

/** How the model of a group takes its cycle's updates: by the one of these steps that was measured to be best, or not at all. */
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

export type OuterStep = z.infer<typeof outerStepSchema>;
