import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";
import { unscored } from "./unscored.js";
export const liarRejects: Attack = {
  name: "liar-rejects",
  description:
    "takes one step; a validator with 49 % of the stake rejects everybody else for files that nobody can read",
  submit: oneStep,
  lie: {
    entries: (measured, { attackers }) =>
      measured.map((entry) => (attackers.has(entry.uid) ? entry : unscored(entry, "malformed"))),
  },
};
