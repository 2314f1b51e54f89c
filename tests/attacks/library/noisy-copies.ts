import { lengthOf, noiseLike, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";

const noisyCopies = (identities: number, share: number, hasOriginal: boolean): Attack => ({
  name: `noisy-copies-${identities}${hasOriginal ? "-and-original" : ""}`,
  description: `one training under ${identities} hotkeys, ${hasOriginal ? "as it is and" : "each time"} with noise of ${share} of its norm`,
  identities,
  submit: async ({ seed, identities: miners, train, forge }) => {
    const update = await train();
    const noise = (miner: string) => noiseLike(update, `${seed}/${miner}`, share * lengthOf(update));
    return miners.map((miner, i) => ({
      forged: forge({ miner, tensors: hasOriginal && i === 0 ? update : plus(update, noise(miner)) }),
    }));
  },
});

/** Noise that a loss hardly feels, and that makes copies about as unlike as trainings. */
const SHARE = 0.6;

/** One training that is longer than the honest ones. */
const noisyCopiesOfLonger: Attack = {
  name: "noisy-copies-of-longer",
  description: `one training of twice the steps under 4 hotkeys beside eight honest ones, each time with noise of ${SHARE} of its norm`,
  identities: 4,
  machines: 2,
  honest: 8,
  submit: async ({ seed, identities, training, train, forge }) => {
    const update = await train({ steps: 2 * training.max_steps });
    return identities.map((miner) => ({
      forged: forge({ miner, tensors: plus(update, noiseLike(update, `${seed}/${miner}`, SHARE * lengthOf(update))) }),
    }));
  },
};

export const noisyCopiesOf: readonly Attack[] = [
  ...[2, 4, 8].map((identities) => noisyCopies(identities, SHARE, false)),
  ...[2, 4, 8].map((identities) => noisyCopies(identities, SHARE, true)),
  noisyCopiesOfLonger,
];
