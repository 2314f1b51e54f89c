import { BlockZeroError } from "#shared/errors/error.js";
import type { SprintPurpose } from "#shared/protocol/seed.js";

/** Why nothing is signed by a seed: `isSeedInForce` says that the chain has another one. */
export const seedReplaced = (cycle: number, purpose: SprintPurpose): BlockZeroError =>
  new BlockZeroError(
    "SPRINT_SEED_REPLACED",
    `a fork replaced the block that the seed ${purpose} of cycle ${cycle} is made of`,
    "nothing is to be done: nothing is signed by such a seed; duty and checks are done again, and the next Sprint begins anew",
  );
