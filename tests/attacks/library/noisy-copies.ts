import { lengthOf, noiseLike, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";
import { MOST_OF_A_GROUP, unwitnessed } from "./most-of-a-group.js";

interface Copies {
  readonly identities: number;
  readonly hasOriginal?: boolean;
  /** Honest miners of the group, where they are few. */
  readonly beside?: number;
  /** Whether validators do without witnesses. */
  readonly isUnwitnessed?: boolean;
}

/** Noise that a loss hardly feels, and that makes copies about as unlike as trainings; a share of the norm. */
const SHARE = 0.6;

const noisyCopies = ({ identities, hasOriginal = false, beside, isUnwitnessed = false }: Copies): Attack => ({
  name: `noisy-copies-${identities}${hasOriginal ? "-and-original" : ""}${beside === undefined ? "" : `-beside-${beside}`}${isUnwitnessed ? "-unwitnessed" : ""}`,
  description: `one training under ${identities} hotkeys${beside === undefined ? "" : ` beside ${beside} honest ones`}, ${hasOriginal ? "as it is and" : "each time"} with noise of ${SHARE} of its norm${isUnwitnessed ? "; validators train no witnesses" : ""}`,
  identities,
  ...(beside !== undefined && { honest: beside }),
  ...(isUnwitnessed && { network: unwitnessed, known: MOST_OF_A_GROUP }),
  submit: async ({ seed, identities: miners, train, forge }) => {
    const update = await train();
    const noise = (miner: string) => noiseLike(update, `${seed}/${miner}`, SHARE * lengthOf(update));
    return miners.map((miner, i) => ({
      forged: forge({ miner, tensors: hasOriginal && i === 0 ? update : plus(update, noise(miner)) }),
    }));
  },
});

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
  ...[2, 4].map((identities) => noisyCopies({ identities })),
  ...[2, 4].map((identities) => noisyCopies({ identities, hasOriginal: true })),
  noisyCopies({ identities: 4, beside: 8 }),
  noisyCopies({ identities: 4, hasOriginal: true, beside: 8 }),
  noisyCopies({ identities: 8 }),
  noisyCopies({ identities: 8, hasOriginal: true }),
  noisyCopies({ identities: 8, isUnwitnessed: true }),
  noisyCopies({ identities: 16 }),
  noisyCopies({ identities: 4, beside: 2 }),
  noisyCopies({ identities: 8, beside: 2 }),
  noisyCopiesOfLonger,
];
