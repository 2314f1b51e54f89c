import { plus, scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";
import { lastStep } from "./last-step.js";

/**
 * A group's last step is public. Who trains from where it would lead once more, and submits that way and what it learnt, lowers the loss by what
 * everybody knows too.
 *
 * @param part of the step that it goes ahead; @param hotkeys machines that train, a hotkey each, and all go ahead
 */
const lookingAheadBy = (name: string, part: number, hotkeys: number): Attack => ({
  name,
  description: `trains from ${part} of the group's last step further${hotkeys > 1 ? `, ${hotkeys} machines with a hotkey each` : ""}, and submits that way and what it learnt`,
  identities: hotkeys,
  machines: hotkeys,
  submit: async ({ base, past, identities, train, forge }) => {
    const step = lastStep(base, past);
    const way = step && scaled(step, part);
    const own = way && plus(base.own, way);
    // Trainings are known by their base's hash.
    const from = own && { hash: `${base.hash}/${part}`, own, whole: { ...base.whole, ...own } };
    const turns = [];
    for (const miner of identities) {
      const update = await train({ stream: miner, ...(from && { from }) });
      turns.push({ forged: forge({ miner, tensors: way ? plus(update, way) : update }) });
    }
    return turns;
  },
});

export const lookingAhead: readonly Attack[] = [
  lookingAheadBy("ahead-half", 0.5, 1),
  lookingAheadBy("ahead-one", 1, 1),
  lookingAheadBy("ahead-half-by-2", 0.5, 2),
  lookingAheadBy("ahead-half-by-4", 0.5, 4),
];
