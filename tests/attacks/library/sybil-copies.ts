import { lengthOf, noiseLike, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";

export const sybilCopies: Attack = {
  name: "sybil-copies",
  description: "one training under three hotkeys, two of them with noise of 0.3 of its norm",
  identities: 3,
  submit: async ({ seed, identities, train, forge }) => {
    const update = await train();
    return identities.map((miner, i) => ({
      forged: forge({
        miner,
        tensors: i === 0 ? update : plus(update, noiseLike(update, `${seed}/${miner}`, 0.3 * lengthOf(update))),
      }),
    }));
  },
};
