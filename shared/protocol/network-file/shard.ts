import { z } from "zod";
import { about } from "./about.js";

/**
 * What a miner computes with beside its own experts; validators score the whole model in every mode. `docs/shard-modes.md` says when to take which.
 */
export const shardSchema = z
  .discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("restricted") }),
    z.strictObject({
      mode: z.literal("anchored"),
      anchors: z
        .record(z.string().regex(/^\d+$/), z.array(z.int().min(0)).min(1))
        .meta(
          about(
            "For every layer with experts, the ids of those that everybody holds and nobody trains; no group's own.",
          ),
        ),
    }),
    z.strictObject({ mode: z.literal("full") }),
  ])
  .meta(
    about(
      "What a miner computes with beside its group's experts: nothing, anchors, or all other experts, frozen. Without it `restricted`.",
    ),
  );

export type Shard = z.infer<typeof shardSchema>;
