import type { Attack } from "../attack.js";

export const liarUnreachable: Attack = {
  name: "liar-unreachable",
  description:
    "takes one step; a validator with 49 % of the stake says that it could reach nobody else, and that it failed on its own miner",
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train({ steps: 1 }) }) }],
  lie: {
    entries: (measured, { attackers }) =>
      measured.map((entry) => ({
        ...entry,
        verdict: "abstained",
        reason: attackers.has(entry.uid) ? "validator_failed" : "unreachable",
        lossReduction: null,
        standardError: null,
        batches: null,
        growth: null,
        independence: null,
        score: 0,
      })),
  },
};
