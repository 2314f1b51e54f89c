import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";

/** An honest validator that cannot measure is all that a liar's word takes to be half: no step has a majority, whatever the others find. */
const whileFailing: Omit<Attack, "name" | "description" | "lie"> = {
  stakes: { vera: 49_500, vito: 1500, mallory: 49_000 },
  unmeasured: { vito: 2 },
  submit: oneStep,
  known: { model: "more than half of the stake lies or fails, so that no step is taken from the second cycle on" },
};

export const standstillsWhileFailing: readonly Attack[] = [
  {
    ...whileFailing,
    name: "liar-standstill-while-failing",
    description:
      "takes one step; from the second cycle on an honest validator with 1.5 % of the stake cannot measure the steps, and one with 49 % votes for the base in every group",
    lie: { votes: (measured) => measured.map(() => ({ better: [], best: 0 })) },
  },
  {
    ...whileFailing,
    name: "liar-unvoted-while-failing",
    description: "the same where the one with 49 % says that it could not measure the steps either",
    lie: { votes: (measured) => measured.map(() => null) },
  },
];
