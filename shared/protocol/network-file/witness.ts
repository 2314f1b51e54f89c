import { z } from "zod";
import { about } from "./about.js";

/** A validator's own training of a group: the steps of one that most miners would do. */
export const witnessSchema = z.strictObject({
  steps: z.int().min(2).max(1_000_000).meta(about("Optimiser steps of each of the two trainings.", "steps")),
  batch_size: z.int().min(1).max(65_536).meta(about("Windows in a forward pass.", "windows")),
  gradient_accumulation_steps: z
    .int()
    .min(1)
    .max(65_536)
    .default(1)
    .meta(about("Forward passes whose gradients are averaged into one step.")),
  learning_rate: z.number().positive().max(10).meta(about("AdamW's highest learning rate.")),
  warmup_steps: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .meta(about("Steps over which the learning rate rises to its highest.", "steps")),
});

export type WitnessTraining = z.infer<typeof witnessSchema>;
