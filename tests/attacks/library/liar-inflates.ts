import { lengthOf, noiseLike } from "../arena/change.js";
import type { Attack, Lie } from "../attack.js";

/** What an accomplice reports: the attacker's updates as the best there ever were, all others as it measured them. */
export const praise: NonNullable<Lie["entries"]> = (measured, { attackers }) =>
  measured.map((entry) =>
    attackers.has(entry.uid) && entry.verdict === "scored"
      ? { ...entry, lossReduction: 1, standardError: 0.001, score: 0.9 }
      : entry,
  );

export const liarInflates: Attack = {
  name: "liar-inflates",
  description:
    "noise whose accomplice, a validator with 49 % of the stake, reports it as the best there ever was and gives it all weight",
  submit: async ({ seed, honest, forge }) => {
    const like = honest[0]!.update;
    return [{ forged: forge({ miner: "eve1", tensors: noiseLike(like, `${seed}/liar`, lengthOf(like)) }) }];
  },
  lie: { entries: praise },
};
