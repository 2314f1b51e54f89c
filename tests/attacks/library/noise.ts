import { lengthOf, noiseLike } from "../arena/change.js";
import type { Attack } from "../attack.js";

export const noise: Attack = {
  name: "noise",
  description: "random numbers as long as an honest update",
  submit: async ({ seed, honest, forge }) => [
    {
      forged: forge({
        miner: "eve1",
        tensors: noiseLike(honest[0]!.update, `${seed}/noise`, lengthOf(honest[0]!.update)),
      }),
    },
  ],
};
