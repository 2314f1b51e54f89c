import type { ErrorEntries } from "./entry.js";

export const sprintErrors = {
  SPRINT_WINS_INVALID: {
    meaning: "A proof of a Sprint cannot be written from these wins.",
    remedy: "Give each winning nonce once, in ascending order.",
  },
} as const satisfies ErrorEntries;
