import type { Attack } from "../attack.js";

export const roleSwap: Attack = {
  name: "role-swap",
  description: "one machine and two hotkeys that take turns, so that each seems to need but every other cycle",
  identities: 2,
  submit: async ({ cycle, identities, train, forge }) => {
    const tensors = await train();
    return identities.map((miner, i) => {
      const forged = forge({ miner, tensors });
      return i === cycle % 2 ? { forged } : { forged, commit: null, reveal: null, served: false };
    });
  },
};
