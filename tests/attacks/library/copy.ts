import type { Attack } from "../attack.js";

export const copy: Attack = {
  name: "copy",
  description: "has an insider's file before anybody may, and submits the same tensors as its own",
  submit: async ({ honest, forge }) => [{ forged: forge({ miner: "eve1", tensors: honest[0]!.update }) }],
};
