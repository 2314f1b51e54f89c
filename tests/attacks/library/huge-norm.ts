import { scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

export const hugeNorm: Attack = {
  name: "huge-norm",
  description: "an honest update a thousand times over",
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: scaled(await train(), 1000) }) }],
};
