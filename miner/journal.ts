import { z } from "zod";
import { sprintMemorySchema } from "#shared/compute/memory/sprint-memory.js";
import { SPRINT_DIALS, SPRINT_PROFILES } from "#shared/protocol/sprint.js";

/** Settings that a miner's checkup judges a cycle by. */
const trainedWithSchema = z.object({
  expert_group: z.string(),
  max_steps: z.int(),
  learning_rate: z.number(),
  batch_size: z.int(),
  gradient_accumulation_steps: z.int(),
});

export type TrainedWith = z.infer<typeof trainedWithSchema>;

/** What a miner remembers of each cycle across a crash. */
export const minerJournalSchema = sprintMemorySchema.extend({
  cycles: z
    .record(
      z.string(),
      z.object({
        /** Block at which its training began; what it came to is in the trainer's checkpoints. */
        begun: z.int().optional(),
        /** What it was trained with; of a training that was gone on with, the last. */
        settings: trainedWithSchema.optional(),
        /** Hash of the stored update manifest. */
        artifact: z.string().optional(),
        /** Blocks that included the commit and the reveal record. */
        committed: z.int().optional(),
        revealed: z.int().optional(),
        /** Block at which the validators' verdict was heard. */
        heard: z.int().optional(),
        /** The cycle's Sprint: difficulty, the blocks that included its records, and the stored proof. */
        sprint: z
          .object({
            difficulty: z.int(),
            entered: z.int().optional(),
            proof: z.string().optional(),
            wins: z.int().optional(),
            nonces: z.int().optional(),
            /** With the float profile what it recorded, or is about to, at a third and at two thirds of the time. */
            prefixes: z.array(z.object({ nonces: z.int(), root: z.string() })).optional(),
            /** How many of these records are on chain. */
            recorded: z.int().optional(),
            committed: z.int().optional(),
          })
          .optional(),
        /** Duty of the cycle's Sprint: the stored document and answers, and the blocks that included their records. */
        duty: z
          .object({
            document: z.string().optional(),
            /** The seed that the document was drawn by. */
            seed: z.string().optional(),
            committed: z.int().optional(),
            answers: z.string().optional(),
            answered: z.int().optional(),
          })
          .optional(),
      }),
    )
    .default({}),
  /** Milliseconds from the end of a training until its artifact is stored, by what the last ones took. */
  packing: z.number().nonnegative().optional(),
  /** The newest Sprint for which it stored a proof, whose record may be on chain: what a confirmation may ask it to show again. */
  proven: z.object({ cycle: z.int(), difficulty: z.int() }).optional(),
  /** Nonces of the newest Sprint, and its network. */
  sprinted: z
    .object({
      profile: z.enum(SPRINT_PROFILES).default("exact"),
      dials: z.enum(SPRINT_DIALS),
      nonces: z.int().nonnegative(),
    })
    .optional(),
});

export type MinerJournal = z.infer<typeof minerJournalSchema>;
