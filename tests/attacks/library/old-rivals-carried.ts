import { lengthOf, noiseLike, plus, scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";
import { lastStep } from "./last-step.js";

/** Hotkeys for each rival. */
const EACH = 2;
const RIVALS = 4;
/** Noise, relative to what is submitted again: other bytes are all it takes. */
const NOISE = 0.1;

/** What lowers the loss without any work, and what of a rival's work of the cycle before is said to be somebody else's. */
export const oldRivalsCarried: Attack = {
  name: "old-rivals-carried",
  description:
    "trains honestly under one hotkey; eight more submit the group's last step once more, and with it the rivals' updates of the last cycle under noise",
  identities: 1 + EACH * RIVALS,
  submit: async ({ base, cycle, seed, identities: [own, ...more], past, train, forge }) => {
    const [before] = past;
    const rivals = before ? [...before.merged, ...before.unmerged] : [];
    const step = lastStep(base, past);
    const carried = more.slice(0, EACH * rivals.length).map((miner, i) => {
      const old = rivals[i % rivals.length]!;
      const noise = noiseLike(old, `${seed}/old-rivals-carried/${cycle}/${i}`, NOISE * lengthOf(old));
      const known = step && scaled(step, lengthOf(old) / lengthOf(step));
      return { forged: forge({ miner, tensors: plus(known ? plus(old, known) : old, noise) }) };
    });
    return [{ forged: forge({ miner: own!, tensors: await train() }) }, ...carried];
  },
};
