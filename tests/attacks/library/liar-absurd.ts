import type { Attack } from "../attack.js";

export const liarAbsurd: Attack = {
  name: "liar-absurd",
  description:
    "takes one step; a validator with 49 % of the stake gives it and another a score of 1.6e308, of which no model could be made",
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train({ steps: 1 }) }) }],
  lie: {
    entries: (measured) => measured.map((entry) => (entry.verdict === "scored" ? { ...entry, score: 1.6e308 } : entry)),
  },
};
