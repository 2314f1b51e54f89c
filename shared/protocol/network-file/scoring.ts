import { z } from "zod";
import { about } from "./about.js";
import { curveSchema } from "./curve.js";
import { DEFAULT_CONFIDENCE } from "./default-confidence.js";
import { DEFAULT_CURVE } from "./default-curve.js";
import { witnessSchema } from "./witness.js";

/** How updates are measured, merged and paid. */
export const scoringSchema = z
  .strictObject({
    eval_batches: z.int().min(2).meta(about("Paired batches for each update at most.", "batches")),
    eval_batch_size: z.int().min(1).meta(about("Windows in a batch.", "windows")),
    confidence: z
      .number()
      .gt(0.5)
      .lt(1)
      .default(DEFAULT_CONFIDENCE)
      .meta(about("One-sided confidence that the mean improvement is above its lower bound: how rarely noise earns.")),
    exponent: z.number().positive().max(16).default(1).meta(about("Power of that bound which is the score.")),
    racing: z
      .strictObject({
        rounds: z
          .int()
          .min(1)
          .max(10)
          .default(4)
          .meta(
            about("Times at most that an update is looked at, at doubling numbers of batches; 1 evaluates everything."),
          ),
        tolerance: z
          .number()
          .min(0)
          .lt(1)
          .default(0.1)
          .meta(about("Part of a bound by which two updates must differ for their order to matter.", "share")),
      })
      .prefault({})
      .meta(about("How evaluation stops early.")),
    top_n: z.int().min(1).meta(about("Updates merged for each group at most.")),
    rewards: curveSchema
      .prefault(DEFAULT_CURVE)
      .meta(about("The curve by which a group's pool is shared out among its miners: [rewards.md](rewards.md).")),
    burn: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .meta(about("Part of all pay that goes to the subnet owner's uid, where the chain burns it.", "share")),
    window: z.int().min(1).meta(about("In the mean that decides pay.", "cycles")),
    max_update_norm: z
      .number()
      .positive()
      .meta(about("Largest L2 norm of an update, relative to the norm of the weights that it changes.")),
    witness: witnessSchema
      .optional()
      .meta(
        about(
          "How validators train themselves, to know a training when they see one: as the network's miners mostly do. [independence.md](independence.md#witnesses). Unset: not at all, and a majority of copies passes for the trainings.",
        ),
      ),
  })
  .meta(about("How updates are measured, merged and paid: [scoring.md](scoring.md)."));

/** Whose stake votes. */
export const votingSchema = z
  .strictObject({
    silent_after: z
      .int()
      .min(1)
      .max(100_000)
      .default(8)
      .meta(about("After so long without a record on chain, a validator's stake does not count.", "cycles")),
    // `quorum` balances two risks. If all validators were silent, those that come back first decide alone with half of the quorum. If
    // validators with more than 1 − quorum of the stake leave, the network stops. With a quarter, an eighth of the known stake can decide
    // alone, and the network survives the loss of three quarters.
    quorum: z
      .number()
      .min(0)
      .max(1)
      .default(0.25)
      .meta(
        about(
          "Part of the known stake that validators who are not silent must hold to vote without the others.",
          "share",
        ),
      ),
  })
  .prefault({})
  .meta(about("Whose stake votes."));
