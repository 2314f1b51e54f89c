import { groupTrainingLoader } from "#datasets/group-data.js";
import type { Attack } from "../attack.js";

/** The text that a group has is pinned in the network file; nothing keeps a validator from measuring on another. */
export const otherText: Attack = {
  name: "other-text",
  description:
    "trains on another group's text; a validator with 49 % of the stake measures updates and steps on the groups' texts changed about",
  submit: async ({ subnet: { network }, group, seed, training, train, forge }) => {
    const other = Object.keys(network.groups).find((name) => name !== group)!;
    const loader = groupTrainingLoader(network, other, { batchSize: training.batch_size, seed });
    const batches = Array.from({ length: training.max_steps }, () => loader.next());
    return [{ forged: forge({ miner: "eve1", tensors: await train({ batches }) }) }];
  },
  lie: {
    text: (groups) => {
      const names = Object.keys(groups);
      const turned = names.map((name, i) => [name, { ...groups[name]!, data: groups[names.at(i - 1)!]!.data }]);
      return Object.fromEntries(turned);
    },
  },
};
