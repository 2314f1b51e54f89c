import { z } from "zod";
import { about } from "./about.js";

/** One step of the outer optimiser: SGD with Nesterov momentum along an update. A step without momentum resets the buffer. */
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

export type OuterStep = z.infer<typeof outerStepSchema>;

/** How far a step goes in the long run, in lengths of its update: with momentum μ an update is taken 1 / (1 − μ) times over the cycles. */
export const reachOf = ({ lr, momentum }: Pick<OuterStep, "lr" | "momentum">): number => lr / (1 - momentum);
