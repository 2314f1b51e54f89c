import type { ErrorEntries } from "./entry.js";

export const sprintErrors = {
  SPRINT_NETWORK_REFUSED: {
    meaning: "Outputs of a Sprint's float network share a direction, or win too often or too seldom.",
    remedy: "Take other dials, or another seed.",
  },
  SPRINT_NONCES_LOST: {
    meaning: "Nonces that a miner computed in a Sprint, and recorded on chain, are no longer on its disk.",
    remedy: "Keep the miner's home on a disk that survives a restart. The next Sprint begins anew.",
  },
  SPRINT_SEED_REPLACED: {
    meaning: "A fork replaced the block that a seed of a Sprint is made of, after work by that seed had begun.",
    remedy:
      "Nothing is to be done. Nothing that is put on chain is made by such a seed: duty and checks are done again, and the next Sprint begins anew.",
  },
  SPRINT_WINS_INVALID: {
    meaning: "A proof of a Sprint cannot be written from these wins.",
    remedy: "Give each winning nonce once, in ascending order.",
  },
} as const satisfies ErrorEntries;
