import { lengthOf, noiseLike, plus, scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

const SHARE = 0.8;

const simplexNoiseOf = (name: string, hotkeys: number): Attack => ({
  name,
  description: `one training under ${hotkeys} hotkeys, with noises that sum to nothing: each pair is as unlike as two trainings`,
  identities: hotkeys,
  submit: async ({ seed, identities, train, forge }) => {
    const update = await train();
    const noises = identities.map((miner) => noiseLike(update, `${seed}/${miner}`, SHARE * lengthOf(update)));
    const mean = scaled(
      noises.reduce((sum, noise) => plus(sum, noise)),
      1 / noises.length,
    );
    return identities.map((miner, i) => ({
      forged: forge({ miner, tensors: plus(plus(update, noises[i]!), mean, -1) }),
    }));
  },
});

export const simplexNoise: readonly Attack[] = [
  simplexNoiseOf("simplex-noise", 4),
  simplexNoiseOf("simplex-noise-16", 16),
];
