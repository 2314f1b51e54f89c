import { z } from "zod";
import { about } from "./about.js";

/** Blocks per phase. Their sum is the length of the cycle. */
export const phaseLengthsSchema = z.strictObject({
  distribute: z
    .int()
    .min(1)
    .meta(about("Miners and validators fetch the model that the validators agreed on.", "blocks")),
  train: z.int().min(1).meta(about("Miners train their experts.", "blocks")),
  commit: z
    .int()
    .min(1)
    .meta(about("Miners commit to the hash of their update, which nobody can fetch yet.", "blocks")),
  reveal: z.int().min(1).meta(about("Miners say where their update is.", "blocks")),
  evaluate: z.int().min(1).meta(about("Validators score the updates and commit their reports.", "blocks")),
  exchange: z
    .int()
    .min(1)
    .meta(
      about(
        "Validators fetch each other's reports and say on chain which they hold. With a Sprint's duty members answer its audit in it: up to 64 draws, half a second of a core.",
        "blocks",
      ),
    ),
  choose: z.int().min(1).meta(about("Validators measure candidate steps along the merged updates and vote.", "blocks")),
  merge: z.int().min(1).meta(about("Validators merge, commit the model and set weights.", "blocks")),
});

export type PhaseLengths = z.infer<typeof phaseLengthsSchema>;
