import { map } from "../../support/updates.js";
import type { Attack } from "../attack.js";

export const scaledParts: Attack = {
  name: "scaled-parts",
  description: "one training cut into three by element, each part three times as large, a hotkey for each",
  identities: 3,
  submit: async ({ identities, train, forge }) => {
    const update = await train();
    const parts = identities.length;
    return identities.map((miner, part) => ({
      forged: forge({ miner, tensors: map(update, (value, _, i) => (i % parts === part ? parts * value : 0)) }),
    }));
  },
};
