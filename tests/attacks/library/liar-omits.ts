import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";

export const liarOmits: Attack = {
  name: "liar-omits",
  description: "takes one step; a validator with 49 % of the stake reports on nobody",
  submit: oneStep,
  lie: { entries: () => [] },
};
