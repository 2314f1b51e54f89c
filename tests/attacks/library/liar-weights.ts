import type { Attack } from "../attack.js";

/**
 * Yuma cuts weights that are higher than most stake's, and raises none that are lower: what a validator gives nobody else is missing for all others.
 */
export const liarWeights: Attack = {
  name: "liar-weights",
  description:
    "trains honestly; a validator with 49 % of the stake reports and votes as it measured, and sets all its weight on that miner",
  known: {
    pay: "Yuma raises no weight that is too low; it takes more from that validator than its miner gains",
  },
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train() }) }],
  lie: {},
};
