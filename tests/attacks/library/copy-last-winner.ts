import type { Attack } from "../attack.js";

export const copyLastWinner: Attack = {
  name: "copy-last-winner",
  description: "submits the update that had the largest share in the last merge",
  submit: async ({ past, forge }) => {
    const stolen = past[0]?.merged[0];
    return stolen ? [{ forged: forge({ miner: "eve1", tensors: stolen }) }] : [];
  },
};
