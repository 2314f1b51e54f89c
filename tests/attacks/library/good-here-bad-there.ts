import { groupTrainingLoader } from "#datasets/group-data.js";
import type { Parameters } from "#shared/model/parameters.js";
import { lengthOf, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";

const dot = (a: Parameters, b: Parameters): number =>
  Object.keys(a).reduce(
    (sum, name) => sum + a[name]!.data.reduce((part, value, i) => part + value * b[name]!.data[i]!, 0),
    0,
  );

/**
 * What training the same experts on another group's text would do, less what that has in common with the honest update, is taken away from that
 * update: so it loses little on its own group's text, the only one that it is scored on.
 */
export const goodHereBadThere: Attack = {
  name: "good-here-bad-there",
  description: "trains on its group's text and, as far as that does not show there, away from another group's",
  submit: async ({ subnet: { network }, group, seed, training, train, forge }) => {
    const update = await train();
    const other = Object.keys(network.groups).find((name) => name !== group)!;
    const loader = groupTrainingLoader(network, other, { batchSize: training.batch_size, seed });
    const help = await train({ batches: Array.from({ length: training.max_steps }, () => loader.next()) });
    const unseen = plus(help, update, -dot(help, update) / dot(update, update));
    return [{ forged: forge({ miner: "eve1", tensors: plus(update, unseen, -lengthOf(update) / lengthOf(unseen)) }) }];
  },
};
