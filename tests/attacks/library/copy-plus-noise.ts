import { lengthOf, noiseLike, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";

const SHARE = 0.5;

export const copyPlusNoise: Attack = {
  name: "copy-plus-noise",
  description: `an insider's file with noise of ${SHARE} of its norm`,
  submit: async ({ seed, honest, forge }) => {
    const stolen = honest[0]!.update;
    const disguise = noiseLike(stolen, `${seed}/disguise`, SHARE * lengthOf(stolen));
    return [{ forged: forge({ miner: "eve1", tensors: plus(stolen, disguise) }) }];
  },
};
