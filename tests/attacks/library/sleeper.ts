import { lengthOf, noiseLike } from "../arena/change.js";
import type { Attack } from "../attack.js";
import { honestWeights } from "./honest-weights.js";
import { praise } from "./liar-inflates.js";

/** The first cycle in which they cheat. */
const WAKES = 3;

export const sleeper: Attack = {
  name: "sleeper",
  description: `trains honestly, and a validator with 49 % of the stake measures honestly, until cycle ${WAKES}: then it submits noise, and the validator praises that`,
  submit: async ({ cycle, seed, train, forge }) => {
    const update = await train();
    if (cycle < WAKES) return [{ forged: forge({ miner: "eve1", tensors: update }) }];
    const noise = noiseLike(update, `${seed}/sleeper`, lengthOf(update));
    return [{ forged: forge({ miner: "eve1", tensors: noise }) }];
  },
  lie: {
    entries: (measured, den) => (den.cycle < WAKES ? measured : praise(measured, den)),
    weights: honestWeights,
  },
};
