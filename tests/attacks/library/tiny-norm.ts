import { scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

export const tinyNorm: Attack = {
  name: "tiny-norm",
  description: "a millionth of an honest update, and nothing but zeros",
  identities: 2,
  submit: async ({ train, forge }) => {
    const update = await train();
    return [
      { forged: forge({ miner: "eve1", tensors: scaled(update, 1e-6) }) },
      { forged: forge({ miner: "eve2", tensors: scaled(update, 0) }) },
    ];
  },
};
