import { lengthOf, noiseLike } from "../arena/change.js";
import type { Attack } from "../attack.js";
import { praise } from "./liar-inflates.js";

export const liarSplitView: Attack = {
  name: "liar-split-view",
  description:
    "noise whose accomplice, a validator with 49 % of the stake, praises it in a report that it shows to one honest validator only",
  submit: async ({ seed, honest, forge }) => {
    const like = honest[0]!.update;
    return [{ forged: forge({ miner: "eve1", tensors: noiseLike(like, `${seed}/split`, lengthOf(like)) }) }];
  },
  lie: { entries: praise, shows: "one" },
};
