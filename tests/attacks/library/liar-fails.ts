import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";
import { unscored } from "./unscored.js";
export const liarFails: Attack = {
  name: "liar-fails",
  description:
    "takes one step; a validator with 49 % of the stake says that it could measure nobody, so that nothing counts",
  submit: oneStep,
  lie: { entries: (measured) => measured.map((entry) => unscored(entry, "validator_failed")) },
};
