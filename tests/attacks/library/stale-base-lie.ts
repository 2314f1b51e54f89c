import type { Attack } from "../attack.js";

export const staleBaseLie: Attack = {
  name: "stale-base-lie",
  description: "trains from the genesis model for ever, to save the download, and names the current one",
  submit: async ({ base, past, train, forge }) => [
    { forged: forge({ miner: "eve1", tensors: await train({ from: past.at(-1)?.base ?? base }) }) },
  ],
};
