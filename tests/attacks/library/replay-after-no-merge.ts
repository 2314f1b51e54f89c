import { sha256 } from "#shared/protocol/hash.js";
import type { Attack } from "../attack.js";
import { OWN_TRAININGS_APART } from "./own-trainings-apart.js";

/** With the tokens on the miner's own hotkey, which names no model, honest stake is less than half. */
const STAKES = { vera: 7200, vito: 7200, mallory: 14_400 };

export const replayAfterNoMerge: Attack = {
  name: "replay-after-no-merge",
  description:
    "trains once and submits the same tensors in every cycle; a validator with 48 % of the stake measures honestly and names a model that nobody merged, and its own 4 % name none, so that the base stays",
  known: { abstained: OWN_TRAININGS_APART },
  stakes: STAKES,
  hasMajority: true,
  stake: 1200,
  report: () => [],
  submit: async ({ past, train, forge }) => {
    const first = past.at(-1)?.forged.eve1;
    return [{ forged: forge({ miner: "eve1", tensors: first ? first.tensors.bytes : await train() }) }];
  },
  lie: {
    model: (merged) => sha256(Buffer.from(merged)),
    weights: (reported) => {
      const best = Math.max(...reported.map(({ score }) => score), Number.MIN_VALUE);
      return reported
        .map(({ uid, score }) => [uid, Math.round((65_535 * score) / best)] as const)
        .filter(([, weight]) => weight > 0);
    },
  },
};
