import type { Parameters } from "#shared/model/parameters.js";
import { lengthOf, noiseLike, plus, scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

/** Kinship is what updates have in common beyond what all have, so who says how much all have in common matters. These say that it is little. */
export const witnessPoison: Attack = {
  name: "witness-poison",
  description:
    "four machines that commit first, three of them with updates alike and little like anybody's, so that honest work looks copied",
  identities: 4,
  machines: 4,
  isFirst: true,
  submit: async ({ seed, identities, train, forge }) => {
    const updates = await Promise.all(identities.map((stream) => train({ stream })));
    const length = lengthOf(updates[0]!);
    const drag = noiseLike(updates[0]!, `${seed}/drag`, 0.41 * length);
    const diluted = (update: Parameters, miner: string) =>
      plus(plus(scaled(update, 0.39), drag), noiseLike(update, `${seed}/${miner}`, 0.82 * length));
    return identities.map((miner, i) => ({
      forged: forge({ miner, tensors: i === 0 ? updates[i]! : diluted(updates[i]!, miner) }),
    }));
  },
};
