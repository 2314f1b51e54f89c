import { z } from "zod";
import { VERDICTS } from "#shared/protocol/verdict.js";

/** What a validator remembers across a crash: how far each cycle came, and what was agreed of every miner. */
export const validatorJournalSchema = z.object({
  cycles: z
    .record(
      z.string(),
      z.object({
        /** Hash of the stored, signed report. */
        report: z.string().optional(),
        /** The record of our ballot. */
        ballot: z.string().optional(),
        /** Hash of the model that our own merge gave. */
        model: z.string().optional(),
        /** Blocks that included the report record, the record of the reports held, the ballot, the model record and the weights. */
        reported: z.int().optional(),
        exchanged: z.int().optional(),
        voted: z.int().optional(),
        published: z.int().optional(),
        weighted: z.int().optional(),
      }),
    )
    .default({}),
  /** Cycles of which the history below holds all that was agreed. */
  tallied: z.array(z.int()).default([]),
  /** Which groups' models took a step. */
  progress: z.array(z.object({ cycle: z.int(), improved: z.array(z.string()) })).default([]),
  /** Group → the model that was last measured on its reference text, the loss, nats per token, and that in bits per byte. */
  reference: z
    .record(z.string(), z.object({ model: z.string(), loss: z.number(), bitsPerByte: z.number() }))
    .default({}),
  /** Groups of which it was said that they have no reference text. */
  unreferenced: z.array(z.string()).default([]),
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
      }),
    )
    .default([]),
});

export type ValidatorJournal = z.infer<typeof validatorJournalSchema>;
