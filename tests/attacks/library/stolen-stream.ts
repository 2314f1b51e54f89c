import type { Attack } from "../attack.js";

export const stolenStream: Attack = {
  name: "stolen-stream",
  description: "has a miner's training stream, trains half of it and commits first",
  isFirst: true,
  submit: async ({ honest, training, train, forge }) => {
    const steps = Math.ceil(training.max_steps / 2);
    return [{ forged: forge({ miner: "eve1", tensors: await train({ stream: honest[0]!.miner, steps }) }) }];
  },
};
