import { z } from "zod";
import { DEFAULT_CONFIDENCE } from "./default-confidence.js";
import { DEFAULT_STEPS } from "./default-steps.js";

/** Most steps that a network's validators choose among, beside the base. */
export const MAX_STEPS = 8;

/** One step of the outer optimiser: SGD with Nesterov momentum along an update; without momentum it begins the buffer anew. */
export const outerStepSchema = z.strictObject({
  /**
   * Along the merged update; along the plain mean of all scored updates, which may do good where none does alone; or along the update with
   * the largest share alone, which others cannot spoil.
   */
  along: z.enum(["merged", "all", "best"]).default("merged"),
  lr: z.number().positive().max(16),
  momentum: z.number().min(0).lt(1).default(0),
});

/** How the model of a group takes its cycle's updates: by the one of these steps that was measured to be best, or not at all. */
export const outerSchema = z.strictObject({
  /** One-sided confidence, over all steps together, that a step which a validator approves lowers the loss. */
  confidence: z.number().gt(0.5).lt(1).default(DEFAULT_CONFIDENCE),
  /** Numbered from 1 in ballots and manifests. */
  steps: z.array(outerStepSchema).min(1).max(MAX_STEPS).default(DEFAULT_STEPS),
});

export type OuterStep = z.infer<typeof outerStepSchema>;
