import { lengthOf, noiseLike, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";

const COPIES = 4;
const SHARE = 0.1;

/** Copies share with what they were made of, whoever made it. */
export const drownedRival: Attack = {
  name: "drowned-rival",
  description: `trains nothing: an insider's file of one rival under ${COPIES} hotkeys, with noise of ${SHARE} of its norm, so that little of its own work is left to that one`,
  identities: COPIES,
  known: {
    pay: "an insider's file is a rival's work, which may be better than its own would be; only the commitment guards it",
  },
  submit: async ({ seed, identities, honest, forge }) => {
    const { update } = honest[0]!;
    return identities.map((miner) => ({
      forged: forge({ miner, tensors: plus(update, noiseLike(update, `${seed}/${miner}`, SHARE * lengthOf(update))) }),
    }));
  },
};
