import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";
import { unlikeAnybody } from "./copies-apart.js";

export const liarIndependence: Attack = {
  name: "liar-independence",
  description:
    "takes one step; a validator with 49 % of the stake reports its losses as they are, all others as copies of each other and it as unlike anybody",
  submit: oneStep,
  lie: { entries: (measured, { attackers }) => unlikeAnybody(measured, attackers) },
};
