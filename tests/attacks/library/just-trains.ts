import { CONTROL } from "../arena/result.js";
import type { Attack } from "../attack.js";

/** No attack: what the others' payoffs are to be read beside. With few seeds one machine's training is better or worse than the mean of all. */
export const justTrains: Attack = {
  name: CONTROL,
  description: "trains as honest miners do",
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train() }) }],
};
