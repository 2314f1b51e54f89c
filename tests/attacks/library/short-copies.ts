import { lengthOf, noiseLike, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";

const SHARE = 0.6;
/** Part of a training's steps. */
const SHORT = 1 / 3;

/** What is usual is said by who has half of all loss reduction: many with little may have that. */
export const shortCopies: Attack = {
  name: "short-copies-24",
  description: `one training of a third of the steps under 24 hotkeys beside eight honest ones, each time with noise of ${SHARE} of its norm`,
  identities: 24,
  honest: 8,
  submit: async ({ seed, identities, training, train, forge }) => {
    const update = await train({ steps: Math.round(SHORT * training.max_steps) });
    return identities.map((miner) => ({
      forged: forge({ miner, tensors: plus(update, noiseLike(update, `${seed}/${miner}`, SHARE * lengthOf(update))) }),
    }));
  },
};
