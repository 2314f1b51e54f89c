import type { Parameters } from "#shared/model/parameters.js";
import { map } from "../../support/updates.js";
import { lengthOf, scaled } from "../arena/change.js";
import { singularParts, sumOfParts } from "../arena/singular-parts.js";
import type { Attack } from "../attack.js";

/** Of an update's elements, and of each matrix's singular directions. */
const KEPT = 1 / 4;

/** Noise of a training lies in all directions, what it learnt in few. */
const lowRank = (update: Parameters): Parameters =>
  sumOfParts(update, (name) => {
    const parts = singularParts(update[name]!);
    return parts.slice(0, Math.ceil(KEPT * parts.length));
  });

const largestElements = (update: Parameters): Parameters => {
  const sizes = Object.values(update)
    .flatMap(({ data }) => Array.from(data, Math.abs))
    .sort((a, b) => b - a);
  const least = sizes[Math.ceil(KEPT * sizes.length) - 1]!;
  return map(update, (value) => (Math.abs(value) >= least ? value : 0));
};

const signs = (update: Parameters): Parameters => map(update, Math.sign);

/** One honest training, made over so that it looks cleaner than it is, and as long as it was. */
const polished = (name: string, description: string, polish: (update: Parameters) => Parameters): Attack => ({
  name,
  description,
  submit: async ({ train, forge }) => {
    const update = await train();
    const made = polish(update);
    return [{ forged: forge({ miner: "eve1", tensors: scaled(made, lengthOf(update) / lengthOf(made)) }) }];
  },
});

export const polishedAll: readonly Attack[] = [
  polished(
    "low-rank",
    "an honest update of which a quarter of each matrix's singular directions is left, the largest, as long as it was",
    lowRank,
  ),
  polished(
    "largest-elements",
    "an honest update of which the largest quarter of the elements is left, as long as it was",
    largestElements,
  ),
  polished("signs", "an honest update's signs alone, as long as it was", signs),
];
