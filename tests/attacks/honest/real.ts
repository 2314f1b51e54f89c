import type { Living } from "../../support/subnet.js";
import { openGym } from "../arena/gym.js";
import { type HonestWork, sumOfWork } from "../arena/honest-work.js";
import type { ArenaModel } from "../arena/models/arena-model.js";
import { type HonestUpdate, openPanel } from "./panel.js";

export interface RealOptions {
  readonly model: ArenaModel;
  readonly seed: string;
  /** How far the base model is trained, as a share of the model's own pretraining. */
  readonly stage: number;
  /** Learning rates, as multiples of the model's own. */
  readonly rates: readonly number[];
  /** Miners of the group. */
  readonly sizes: readonly number[];
}

/** All of what honest miners are to be judged on: 540 submissions. */
export const REAL = { stages: [0.2, 0.4, 1, 2, 4], rates: [0.3, 1, 1.5], sizes: [1, 2, 3, 4, 5, 6, 7, 8] };

const group = "math";

/** What came of those that trained at one rate. */
export interface RealWork {
  /** As a multiple of the model's own. */
  readonly rate: number;
  readonly work: HonestWork;
}

/** Judges updates of honest miners that really trained, each from its own text. */
export const judgeReal = async (
  t: Living,
  { model, seed, stage, rates, sizes }: RealOptions,
): Promise<readonly RealWork[]> => {
  const { network, training } = model;
  const genesis = await model.genesis(seed, stage);
  const panel = await openPanel(t, { network, genesis, miners: Math.max(...sizes) });
  const results: RealWork[] = [];
  for (const rate of rates) {
    const gym = openGym(network, { ...training, learning_rate: rate * training.learning_rate });
    t.after(() => gym.dispose());
    const works: HonestWork[] = [];
    for (const size of sizes) {
      const updates: HonestUpdate[] = [];
      for (let miner = 1; miner <= size; miner++) {
        const stream = `${seed}/${rate}/${size}/${miner}`;
        const { update } = await gym.train({ base: { hash: "genesis", whole: genesis }, group, stream });
        updates.push({ group, update });
      }
      works.push(await panel.judge(updates));
    }
    results.push({ rate, work: sumOfWork(works) });
  }
  return results;
};
