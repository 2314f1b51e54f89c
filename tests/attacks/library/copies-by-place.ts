import type { NetworkTemplate } from "../arena/models/arena-model.js";
import type { Attack } from "../attack.js";

const HOTKEYS = 3;

/** Where places are paid, a hotkey more takes one more place, unless it takes as much of one as it is independent. */
const copiesByPlace = (rewards: NetworkTemplate["scoring"]["rewards"]): Attack => ({
  name: `copies-by-place-${rewards.curve}`,
  description: `one training under ${HOTKEYS} hotkeys, where the curve ${rewards.curve} pays by places`,
  identities: HOTKEYS,
  network: (network) => ({ ...network, scoring: { ...network.scoring, rewards } }),
  submit: async ({ identities, train, forge }) => {
    const update = await train();
    return identities.map((miner) => ({ forged: forge({ miner, tensors: update }) }));
  },
});

export const copiesByPlaceAll: readonly Attack[] = [
  copiesByPlace({ curve: "top-n", n: HOTKEYS, decay: { ratio: 1.15 }, floor: 0.1 }),
  copiesByPlace({ curve: "rank-points", points: [5, 3, 1] }),
  copiesByPlace({ curve: "two-groups", leaders: 2, share: 0.8 }),
];
