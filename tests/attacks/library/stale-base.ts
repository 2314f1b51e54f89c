import type { Attack } from "../attack.js";

export const staleBase: Attack = {
  name: "stale-base",
  description: "trains from the model before last, and says so",
  submit: async ({ base, past, train, forge }) => {
    const from = past[0]?.base ?? { ...base, hash: "0".repeat(64) };
    return [{ forged: forge({ miner: "eve1", tensors: await train({ from }), change: { base: from.hash } }) }];
  },
};
