import type { Attack } from "../attack.js";

/** One good cycle in so many. */
const PERIOD = 4;

const isGood = (cycle: number): boolean => cycle % PERIOD === 1;

/** Trains in one cycle of four; in the others it sends nothing, and reports of itself that it could not be judged. */
export const abstentionByOwnReport: Attack = {
  name: "abstention-by-own-report",
  description:
    "one good cycle in four; in the others its hotkey, which has a permit, sends nothing but a report that it could not judge itself",
  stake: 1000,
  submit: async ({ cycle, train, forge }) =>
    isGood(cycle) ? [{ forged: forge({ miner: "eve1", tensors: await train() }) }] : [],
  report: (cycle, own) =>
    isGood(cycle)
      ? null
      : [
          {
            ...own,
            group: null,
            artifact: null,
            verdict: "abstained",
            reason: "validator_failed",
            detail: null,
            lossReduction: null,
            standardError: null,
            batches: null,
            growth: null,
            independence: null,
            score: 0,
          },
        ],
};
