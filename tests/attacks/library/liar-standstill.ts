import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";

export const liarStandstill: Attack = {
  name: "liar-standstill",
  description:
    "takes one step; a validator with 49 % of the stake votes for the base in every group, so that no model improves",
  submit: oneStep,
  lie: { votes: (measured) => measured.map(() => ({ better: [], best: 0 })) },
};
