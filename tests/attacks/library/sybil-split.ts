import type { Attack } from "../attack.js";

export const sybilSplit: Attack = {
  name: "sybil-split",
  description: "one machine's steps shared out among three hotkeys, each with text of its own",
  identities: 3,
  submit: ({ identities, training, train, forge }) =>
    Promise.all(
      identities.map(async (miner) => ({
        forged: forge({
          miner,
          tensors: await train({ stream: miner, steps: Math.floor(training.max_steps / identities.length) }),
        }),
      })),
    ),
};
