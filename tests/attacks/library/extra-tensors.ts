import type { Attack } from "../attack.js";

export const extraTensors: Attack = {
  name: "extra-tensors",
  description: "adds a change of the embeddings, which no group owns; and leaves a tensor out",
  identities: 2,
  submit: async ({ base, train, forge }) => {
    const update = await train();
    const [embeddings = ""] = Object.keys(base.whole).filter((name) => name.includes("embed"));
    const [first = "", ...others] = Object.keys(update);
    const rest = Object.fromEntries(others.map((name) => [name, update[name]!]));
    return [
      { forged: forge({ miner: "eve1", tensors: { ...update, [embeddings]: base.whole[embeddings]! } }) },
      { forged: forge({ miner: "eve2", tensors: first in rest ? update : rest }) },
    ];
  },
};
