import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";

export const liarZeroes: Attack = {
  name: "liar-zeroes",
  description:
    "takes one step; a validator with 49 % of the stake reports everybody else as worthless and gives it all weight",
  submit: oneStep,
  lie: {
    entries: (measured, { attackers }) =>
      measured.map((entry) =>
        !attackers.has(entry.uid) && entry.verdict === "scored"
          ? { ...entry, lossReduction: -1, standardError: 0.001, score: 0 }
          : entry,
      ),
  },
};
