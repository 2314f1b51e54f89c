import type { Attack } from "../attack.js";

/** What a liar wants paid for: one step. */
export const oneStep: Attack["submit"] = async ({ train, forge }) => [
  { forged: forge({ miner: "eve1", tensors: await train({ steps: 1 }) }) },
];
