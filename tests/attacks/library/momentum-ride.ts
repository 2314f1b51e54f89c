import { lengthOf, noiseLike, plus, scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

const SHARE = 0.3;

export const momentumRide: Attack = {
  name: "momentum-ride",
  description:
    "trains nothing: submits the group's last step once more, as long as an honest update, with a little noise",
  submit: async ({ seed, base, honest, past, forge }) => {
    const before = past[0]?.base.own;
    if (!before) return [];
    const step = plus(base.own, before, -1);
    const length = lengthOf(honest[0]!.update);
    if (lengthOf(step) === 0) return [];
    const along = scaled(step, length / lengthOf(step));
    const tensors = plus(along, noiseLike(along, `${seed}/ride`, SHARE * length));
    return [{ forged: forge({ miner: "eve1", tensors }) }];
  },
};
