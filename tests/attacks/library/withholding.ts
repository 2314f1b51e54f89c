import type { Attack } from "../attack.js";

export const withholding: Attack = {
  name: "withholding",
  description: "commits and never reveals; and reveals what nobody can fetch",
  identities: 2,
  submit: async ({ train, forge }) => {
    const tensors = await train();
    return [
      { forged: forge({ miner: "eve1", tensors }), reveal: null, served: false },
      { forged: forge({ miner: "eve2", tensors: await train({ stream: "eve2" }) }), served: false },
    ];
  },
};
