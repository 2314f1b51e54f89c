import { lengthOf, noiseLike, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";

const SHARE = 0.3;

export const mergedAgain: Attack = {
  name: "merged-again",
  description: `submits the update that had the largest share in the last merge, with noise of ${SHARE} of its norm`,
  submit: async ({ seed, past, forge }) => {
    const merged = past[0]?.merged[0];
    if (!merged) return [];
    const noise = noiseLike(merged, `${seed}/again`, SHARE * lengthOf(merged));
    return [{ forged: forge({ miner: "eve1", tensors: plus(merged, noise) }) }];
  },
};
