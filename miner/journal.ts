import { z } from "zod";

/** What a miner remembers of each cycle across a crash. */
export const minerJournalSchema = z.object({
  cycles: z
    .record(
      z.string(),
      z.object({
        /** Hash of the stored update manifest. */
        artifact: z.string().optional(),
        /** Blocks that included the commit and the reveal record. */
        committed: z.int().optional(),
        revealed: z.int().optional(),
        /** Block at which the validators' verdict was heard. */
        heard: z.int().optional(),
      }),
    )
    .default({}),
  /** Milliseconds from the end of the newest training until its artifact was stored. */
  packing: z.number().nonnegative().optional(),
});

export type MinerJournal = z.infer<typeof minerJournalSchema>;
