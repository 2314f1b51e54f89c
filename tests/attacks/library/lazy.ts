import type { Attack } from "../attack.js";

export const lazy: Attack = {
  name: "lazy",
  description: "takes one step and rests",
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train({ steps: 1 }) }) }],
};
