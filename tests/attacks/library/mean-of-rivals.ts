import { plus, scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

export const meanOfRivals: Attack = {
  name: "mean-of-rivals",
  description: "trains nothing: an insider's files of all rivals, averaged, so that it has less noise than any of them",
  known: {
    pay: "a mean of all has less noise than any of them, which is what is paid; only the commitment guards an insider's files",
  },
  submit: async ({ honest, forge }) => {
    const sum = honest.map(({ update }) => update).reduce((total, update) => plus(total, update));
    return [{ forged: forge({ miner: "eve1", tensors: scaled(sum, 1 / honest.length) }) }];
  },
};
