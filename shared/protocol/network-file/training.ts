import { z } from "zod";
import { about } from "./about.js";
import { outerSchema } from "./outer.js";

/** How the selected updates of a group are merged. The rules are in `shared/merge/robust/`. */
export const mergeRuleSchema = z.discriminatedUnion("rule", [
  z.strictObject({
    rule: z.literal("weighted-mean"),
    clip: z
      .enum(["median-norm", "none"])
      .default("median-norm")
      .meta(about("Whether updates longer than the median one, by their shares, are brought down to its L2 norm.")),
  }),
  z.strictObject({
    rule: z.literal("trimmed-mean"),
    trim: z
      .number()
      .gt(0)
      .max(0.49)
      .default(0.2)
      .meta(about("Part of the shares that is cut off at each end, element by element.", "share")),
  }),
  z.strictObject({
    rule: z.literal("geometric-median"),
    iterations: z.int().min(1).max(100).default(16).meta(about("Steps of Weiszfeld's algorithm.")),
  }),
  z.strictObject({
    rule: z.literal("centred-clipping"),
    iterations: z.int().min(1).max(100).default(4).meta(about("Times that updates are clipped about their centre.")),
  }),
]);

/** How updates become a model. */
export const trainingSchema = z
  .strictObject({
    outer: outerSchema.prefault({}).meta(about("The steps that validators choose among.")),
    merge: mergeRuleSchema
      .prefault({ rule: "weighted-mean" })
      .meta(about("How the selected updates of a group become one; [protocol.md](protocol.md#merge) has each rule.")),
  })
  .meta(about("How updates become a model."));

export type MergeRule = z.infer<typeof mergeRuleSchema>;
