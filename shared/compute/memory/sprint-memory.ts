import { z } from "zod";
import { statedReputationsSchema } from "#shared/protocol/stated-reputation.js";
import { OUTCOMES } from "../outcome.js";

/**
 * What a participant's journal remembers of Sprints: their documents and the chain's state are there for some cycles, and what follows from them
 * counts for many.
 */
export const sprintMemorySchema = z.object({
  /** How Sprints were settled, ascending. `isWhole`: everything that was committed was available. */
  sprints: z
    .array(
      z.object({
        cycle: z.int(),
        /** The cycle whose Sprint it confirms, or null. */
        confirms: z.int().nullable().default(null),
        isWhole: z.boolean(),
        /** Hash of the block whose state decided which checks count. A former version did not write it down. */
        decided: z.string().optional(),
        /** What validators agreed on in their checks. Null where nobody could be heard. */
        reputations: statedReputationsSchema.nullable().default([]),
        outcomes: z.array(
          z.object({
            uid: z.int(),
            hotkey: z.string(),
            outcome: z.enum(OUTCOMES),
            measured: z.number(),
            low: z.number(),
            high: z.number(),
          }),
        ),
      }),
    )
    .default([]),
  /** Whether cycles between two Sprints had a confirmation, ascending. */
  draws: z.array(z.object({ cycle: z.int(), isDrawn: z.boolean() })).default([]),
});

export type SprintMemory = z.infer<typeof sprintMemorySchema>;

/** A journal that remembers Sprints, among other things. */
export interface SprintJournal<V extends SprintMemory> {
  readonly value: V;
  note(change: (value: V) => V): void;
}
