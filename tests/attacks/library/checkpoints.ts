import type { Attack } from "../attack.js";

export const checkpoints: Attack = {
  name: "checkpoints",
  description: "one training under three hotkeys, as it was after a half, three quarters and all of its steps",
  identities: 3,
  submit: ({ identities, training, train, forge }) =>
    Promise.all(
      identities.map(async (miner, i) => ({
        forged: forge({ miner, tensors: await train({ steps: Math.ceil((training.max_steps * (i + 2)) / 4) }) }),
      })),
    ),
};
