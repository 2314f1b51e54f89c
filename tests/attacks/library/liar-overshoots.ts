import { DEFAULT_STEPS } from "#shared/protocol/network-file/default-steps.js";
import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";

const ALL = DEFAULT_STEPS.map((_, i) => i + 1);

export const liarOvershoots: Attack = {
  name: "liar-overshoots",
  description:
    "takes one step; a validator with 49 % of the stake approves of every step of the models and names the last as the best",
  submit: oneStep,
  lie: { votes: (measured) => measured.map(() => ({ better: ALL, best: ALL.length })) },
};
