import { lengthOf, scaled } from "../arena/change.js";
import { singularParts, sumOfParts } from "../arena/singular-parts.js";
import type { Attack } from "../attack.js";

const PARTS = 3;

/** Parts at right angles to each other, as sparse ones are, each of which changes every element. */
export const lowRankParts: Attack = {
  name: "low-rank-parts",
  description: `one training cut into ${PARTS} by the singular directions of its matrices, each part as long as the whole was, a hotkey for each`,
  identities: PARTS,
  submit: async ({ identities, train, forge }) => {
    const update = await train();
    const all = new Map(Object.keys(update).map((name) => [name, singularParts(update[name]!)]));
    return identities.map((miner, part) => {
      const own = sumOfParts(update, (name) => all.get(name)!.filter((_, i) => i % PARTS === part));
      return { forged: forge({ miner, tensors: scaled(own, lengthOf(update) / lengthOf(own)) }) };
    });
  },
};
