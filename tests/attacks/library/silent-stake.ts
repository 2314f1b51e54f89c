import type { Attack } from "../attack.js";

export const silentStake: Attack = {
  name: "silent-stake",
  description: "a validator with 60 % of the stake that never writes a record, and mirrors the weights of another",
  stakes: { vera: 2000, vito: 2000, sid: 6000 },
  silent: { sid: "mirrored" },
  known: {
    paid: "in the first cycle most of the stake has no weights on chain, and Yuma goes by all weights",
    idle: "Yuma goes by its weights alone, as it has most of the stake",
  },
  submit: async () => [],
};
