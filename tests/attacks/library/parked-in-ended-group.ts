import { groupShapes } from "#shared/model/groups.js";
import { lengthOf, noiseLike } from "../arena/change.js";
import type { Attack } from "../attack.js";

/** Of the norm of the weights, which the gates let pass. */
const NOISE = 0.01;

/** Each hotkey is paid for four cycles where those that nobody can judge are left out of its mean. */
export const parkedInEndedGroup: Attack = {
  name: "parked-in-ended-group",
  description:
    "one machine and four hotkeys that take turns to train; who does not reveals noise for the other group, whose sealed text has ended",
  identities: 4,
  hasEnded: true,
  known: { abstained: "nobody can judge the honest miner of the group whose text has ended" },
  submit: async ({ cycle, seed, group, subnet: { network }, base, identities, train, forge }) => {
    const tensors = await train();
    const [other = ""] = Object.keys(network.groups).filter((name) => name !== group);
    const names = Object.keys(groupShapes(network.model, network.groups[other]!));
    const weights = Object.fromEntries(names.map((name) => [name, base.whole[name]!]));
    return identities.map((miner, i) => {
      if (i === (cycle - 1) % identities.length) return { forged: forge({ miner, tensors }) };
      const noise = noiseLike(weights, `${seed}/${miner}`, NOISE * lengthOf(weights));
      return { forged: forge({ miner, group: other, tensors: noise }) };
    });
  },
};
