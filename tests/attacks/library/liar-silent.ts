import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";

export const liarSilent: Attack = {
  name: "liar-silent",
  description:
    "takes one step; a validator with 49 % of the stake puts nothing on chain, neither report nor model nor weights",
  submit: oneStep,
  lie: { isSilent: true },
};
