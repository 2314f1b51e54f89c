import { plus } from "../arena/change.js";
import type { Attack } from "../attack.js";
import { lastStep } from "./last-step.js";

/** @param earlier cycles between the step and the last one */
const addedStep = (name: string, earlier: number, which: string): Attack => ({
  name,
  description: `trains honestly, and adds half of ${which}, which is public`,
  submit: async ({ base, past, train, forge }) => {
    const update = await train();
    const step = lastStep(base, past, earlier);
    return [{ forged: forge({ miner: "eve1", tensors: step ? plus(update, step, 0.5) : update }) }];
  },
});

export const addedSteps: readonly Attack[] = [
  addedStep("plus-half-step", 0, "the group's last step"),
  addedStep("plus-half-older-step", 1, "the group's step before the last"),
];
