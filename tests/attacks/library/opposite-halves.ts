import { lengthOf, noiseLike, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";

const SHARE = 0.6;

export const oppositeHalves: Attack = {
  name: "opposite-halves",
  description: `u + n and u − n of one training, for a noise of ${SHARE} of its norm: no more alike than two trainings`,
  identities: 2,
  submit: async ({ seed, identities, train, forge }) => {
    const update = await train();
    const noise = noiseLike(update, `${seed}/halves`, SHARE * lengthOf(update));
    return identities.map((miner, i) => ({
      forged: forge({ miner, tensors: plus(update, noise, i === 0 ? 1 : -1) }),
    }));
  },
};
