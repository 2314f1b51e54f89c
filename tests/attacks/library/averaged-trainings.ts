import { lengthOf, noiseLike, plus, scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

interface Averaged {
  /** Machines that train. */
  readonly machines: number;
  readonly hotkeys: number;
  /** Of the norm, of each hotkey's own. */
  readonly noise?: number;
}

/**
 * Miners who send one another their updates before they commit, and submit the mean, which has less noise than each: by one of them, by several, or
 * under noise by many.
 */
const averagedTrainings = ({ machines, hotkeys, noise = 0 }: Averaged): Attack => ({
  name: `averaged-trainings-by-${machines}${noise > 0 ? `-under-${hotkeys}` : hotkeys > 1 ? "-and-copies" : ""}`,
  description: `${machines} machines train, and the mean of their updates is submitted under ${hotkeys === 1 ? "one hotkey" : `${hotkeys} hotkeys`}${noise > 0 ? `, each time with noise of ${noise} of its norm` : ""}`,
  identities: hotkeys,
  machines,
  submit: async ({ seed, identities, train, forge }) => {
    const updates = [];
    for (let machine = 1; machine <= machines; machine++) updates.push(await train({ stream: `eve${machine}` }));
    const mean = scaled(
      updates.reduce((sum, update) => plus(sum, update)),
      1 / machines,
    );
    const under = (miner: string) => plus(mean, noiseLike(mean, `${seed}/${miner}`, noise * lengthOf(mean)));
    return identities.map((miner) => ({ forged: forge({ miner, tensors: noise > 0 ? under(miner) : mean }) }));
  },
});

export const averagedTrainingsBy: readonly Attack[] = [
  averagedTrainings({ machines: 3, hotkeys: 1 }),
  averagedTrainings({ machines: 3, hotkeys: 3 }),
  averagedTrainings({ machines: 3, hotkeys: 8, noise: 0.3 }),
  averagedTrainings({ machines: 5, hotkeys: 16, noise: 0.3 }),
];
