import type { Attack } from "../attack.js";

export const copyCommitment: Attack = {
  name: "copy-commitment",
  description: "repeats another miner's commitment as its own, then reveals that miner's artifact",
  submit: async ({ honest }) => {
    const [{ forged }] = honest as [(typeof honest)[number]];
    return [{ forged }];
  },
};
