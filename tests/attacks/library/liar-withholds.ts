import type { Attack } from "../attack.js";

export const liarWithholds: Attack = {
  name: "liar-withholds",
  description:
    "takes one step; a validator with 49 % of the stake shows nobody its report and says that it holds no other, and holds some that do not exist",
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train({ steps: 1 }) }) }],
  lie: { shows: "nobody", held: () => [300, 511] },
};
