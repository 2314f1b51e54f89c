import { lengthOf, noiseLike, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";

const DRAG = 0.8;

export const collusion: Attack = {
  name: "collusion",
  description: `two miners train honestly and both add the same drag of ${DRAG} of the norm, always in one direction`,
  identities: 2,
  machines: 2,
  submit: ({ identities, train, forge }) =>
    Promise.all(
      identities.map(async (miner) => {
        const update = await train({ stream: miner });
        const drag = noiseLike(update, "the direction agreed on", DRAG * lengthOf(update));
        return { forged: forge({ miner, tensors: plus(update, drag) }) };
      }),
    ),
};
