import { lengthOf, noiseLike, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";

const SHARE = 0.8;

export const simplexNoise: Attack = {
  name: "simplex-noise",
  description:
    "one training under four hotkeys, with noises that sum to nothing: each pair is as unlike as two trainings",
  identities: 4,
  submit: async ({ seed, identities, train, forge }) => {
    const update = await train();
    const noises = identities.map((miner) => noiseLike(update, `${seed}/${miner}`, SHARE * lengthOf(update)));
    return identities.map((miner, i) => {
      const corners = noises.map((noise, j) => [noise, (i === j ? 1 : 0) - 1 / noises.length] as const);
      const tensors = corners.reduce((sum, [noise, factor]) => plus(sum, noise, factor), update);
      return { forged: forge({ miner, tensors }) };
    });
  },
};
