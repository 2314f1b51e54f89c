import { plus, scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

/**
 * Miners who send one another their updates before they commit, and submit the mean, which has less noise than each: by one of them, or by all.
 *
 * @param machines that train
 */
const averagedTrainings = (machines: number, hotkeys: number): Attack => ({
  name: `averaged-trainings-by-${machines}${hotkeys > 1 ? "-and-copies" : ""}`,
  description: `${machines} machines train, and the mean of their updates is submitted under ${hotkeys === 1 ? "one hotkey" : `${hotkeys} hotkeys`}`,
  identities: hotkeys,
  machines,
  submit: async ({ identities, train, forge }) => {
    const updates = [];
    for (let machine = 1; machine <= machines; machine++) updates.push(await train({ stream: `eve${machine}` }));
    const tensors = scaled(
      updates.reduce((sum, update) => plus(sum, update)),
      1 / machines,
    );
    return identities.map((miner) => ({ forged: forge({ miner, tensors }) }));
  },
});

export const averagedTrainingsBy: readonly Attack[] = [averagedTrainings(3, 1), averagedTrainings(3, 3)];
