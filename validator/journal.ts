import { z } from "zod";
import { sprintMemorySchema } from "#shared/compute/memory/sprint-memory.js";
import { VERDICTS } from "#shared/protocol/verdict.js";

/** What a validator remembers across a crash: the progress of each cycle, and what was agreed about every miner. */
export const validatorJournalSchema = sprintMemorySchema.extend({
  cycles: z
    .record(
      z.string(),
      z.object({
        /** Hash of the stored, signed report. */
        report: z.string().optional(),
        /** The record of this validator's ballot. */
        ballot: z.string().optional(),
        /** Group → seed of the text that it was measured on. Null if nothing was. A former version did not write it down. */
        ballotSeeds: z.record(z.string(), z.string()).nullable().optional(),
        /** Hash of the model that this validator's own merge gave. */
        model: z.string().optional(),
        /** Blocks that included the report record, the record of the reports held, the ballot, the model record and the weights. */
        reported: z.int().optional(),
        exchanged: z.int().optional(),
        voted: z.int().optional(),
        published: z.int().optional(),
        weighted: z.int().optional(),
        /** Hash of the stored, signed checks of the cycle's Sprint, and the block that included their record. */
        checks: z.string().optional(),
        checked: z.int().optional(),
        /** The seed of the samples in these checks. Null if there was nothing to check. */
        checksSeed: z.string().nullable().optional(),
        /** The block that included the record of the checks held. */
        checksExchanged: z.int().optional(),
      }),
    )
    .default({}),
  /** Cycles of which the history below holds everything that was agreed. */
  tallied: z.array(z.int()).default([]),
  /** For which groups a step was chosen, and which were undecided. Whether a model was agreed on that took it, the models' lineage says. */
  progress: z
    .array(
      // A former version left no group out.
      z.object({ cycle: z.int(), improved: z.array(z.string()), undecided: z.array(z.string()).default([]) }),
    )
    .default([]),
  /**
   * Group → the last model measured on its reference text, its loss in nats per token and in bits per byte, and the last cycle that it was told of.
   */
  reference: z
    .record(
      z.string(),
      z.object({ model: z.string(), loss: z.number(), bitsPerByte: z.number(), cycle: z.int().optional() }),
    )
    // A former version had no bits per byte, and JSON has no loss that is no number: measured again.
    .catch({})
    .default({}),
  /** Group → the losses by batch of the best model so far on that text, and the hash of the network file that it is the text of. */
  lowest: z
    .record(z.string(), z.object({ network: z.string(), losses: z.array(z.number()) }))
    // As above.
    .catch({})
    .default({}),
  /** Group → the last model whose shard was measured on that text, and its loss in nats per token. */
  shards: z
    .record(z.string(), z.object({ model: z.string(), loss: z.number() }))
    // As above.
    .catch({})
    .default({}),
  /** Groups whose missing reference text was already reported. */
  unreferenced: z.array(z.string()).default([]),
  /** How the duty of Sprints was closed, ascending. `isWhole`: everything that was committed was available. */
  duties: z
    .array(
      z.object({
        cycle: z.int(),
        isWhole: z.boolean(),
        parts: z.array(
          z.object({
            hotkey: z.string(),
            tasks: z.int(),
            duties: z.int(),
            missed: z.int(),
            missRate: z.int(),
            isFraud: z.boolean(),
            checked: z.int().default(0),
            verified: z.int().default(0),
            credit: z.int().default(0),
            released: z.int(),
          }),
        ),
      }),
    )
    .default([]),
  history: z
    .array(
      z.object({
        cycle: z.int(),
        uid: z.int(),
        hotkey: z.string(),
        group: z.string().nullable(),
        verdict: z.enum(VERDICTS),
        score: z.number(),
        independence: z.number().nullable(),
        /** `scoring.exponent` of the file that the cycle was tallied under. */
        exponent: z.number().optional(),
      }),
    )
    .default([]),
});

export type ValidatorJournal = z.infer<typeof validatorJournalSchema>;
