import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import type { Parameters } from "#shared/model/parameters.js";
import { lengthOf, plus, scaled } from "../arena/change.js";
import type { Attack, Den } from "../attack.js";

/** Lengths that it tries, relative to the training's own. */
const LENGTHS = [0.5, 0.7, 1, 1.4, 2, 2.8];

/** Parts of the steps after which it takes the weights down. */
const TAKEN = [5 / 8, 6 / 8, 7 / 8, 1];

/** The update at that length which lowers the loss of public held-out text most. */
const tuned = async (
  update: Parameters,
  { base, meter, group, subnet: { network } }: Pick<Den, "base" | "meter" | "group" | "subnet">,
): Promise<Parameters> => {
  let [best, least] = [update, Number.POSITIVE_INFINITY];
  for (const length of LENGTHS) {
    const one = scaled(update, length);
    const { [group]: measured } = await heldOutLosses(meter, network, { ...base.whole, ...plus(base.own, one) });
    if (measured!.loss < least) [best, least] = [one, measured!.loss];
  }
  return best;
};

const tunedLength: Attack = {
  name: "tuned-length",
  description:
    "trains honestly, and submits the update at that of six lengths at which it lowers the loss of public text most",
  known: { pay: "a better length lowers the loss by more, whoever finds it, and pay goes by a power of that" },
  submit: async (den) => [{ forged: den.forge({ miner: "eve1", tensors: await tuned(await den.train(), den) }) }],
};

/** What a training did in its last steps only to go to and fro is not in the mean of its weights. */
const meanOfLateWeights: Attack = {
  name: "mean-of-late-weights",
  description: "one training, of whose last steps the mean of the weights is submitted, as far as the whole went",
  submit: async ({ training, train, forge }) => {
    const taken: Parameters[] = [];
    for (const part of TAKEN) taken.push(await train({ steps: Math.ceil(training.max_steps * part) }));
    const sum = taken.reduce((one, other) => plus(one, other));
    return [{ forged: forge({ miner: "eve1", tensors: scaled(sum, lengthOf(taken.at(-1)!) / lengthOf(sum)) }) }];
  },
};

export const tunedAll: readonly Attack[] = [tunedLength, meanOfLateWeights];
