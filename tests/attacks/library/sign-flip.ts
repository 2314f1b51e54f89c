import { scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

export const signFlip: Attack = {
  name: "sign-flip",
  description: "trains honestly and submits the opposite",
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: scaled(await train(), -1) }) }],
};
