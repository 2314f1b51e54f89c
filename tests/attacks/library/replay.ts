import type { Attack } from "../attack.js";

export const replay: Attack = {
  name: "replay",
  description: "sends the records of an earlier cycle again; and reveals an earlier artifact under a new commitment",
  identities: 2,
  submit: async ({ past, train, forge }) => {
    const first = past.at(-1)?.forged.eve1;
    const second = past.at(-1)?.forged.eve2;
    if (!first || !second)
      return [
        { forged: forge({ miner: "eve1", tensors: await train() }), reveal: null },
        { forged: forge({ miner: "eve2", tensors: await train({ stream: "eve2" }) }), reveal: null },
      ];
    const renewed = forge({ miner: "eve2", tensors: await train({ stream: "eve2", steps: 1 }), change: { cycle: 1 } });
    return [{ forged: first }, { forged: renewed }];
  },
};
