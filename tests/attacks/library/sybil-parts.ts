import { map } from "../../support/updates.js";
import type { Attack } from "../attack.js";

export const sybilParts: Attack = {
  name: "sybil-parts",
  description: "one training cut into three by element, a hotkey for each: nothing that is alike",
  identities: 3,
  submit: async ({ identities, train, forge }) => {
    const update = await train();
    return identities.map((miner, part) => ({
      forged: forge({
        miner,
        tensors: map(update, (value, _, i) => (i % identities.length === part ? value : 0)),
      }),
    }));
  },
};
