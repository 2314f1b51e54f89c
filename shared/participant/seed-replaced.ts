import { BlockZeroError } from "#shared/errors/error.js";
import type { SprintPurpose } from "#shared/protocol/seed.js";

/** Why nothing that was made by a seed is put on chain: `isSeedInForce` says that the chain has another one. */
export const seedReplaced = (cycle: number, purpose: SprintPurpose): BlockZeroError =>
  new BlockZeroError(
    "SPRINT_SEED_REPLACED",
    `a fork replaced the block that the seed ${purpose} of cycle ${cycle} is made of`,
    "nothing to do: nothing that is put on chain is made by such a seed; duty and checks are done again, and the next Sprint begins anew",
  );
