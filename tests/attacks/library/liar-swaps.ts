import type { ReportEntry } from "#shared/protocol/report.js";
import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";

const figuresOf = ({ lossReduction, standardError, batches, growth, independence, score }: ReportEntry) => ({
  lossReduction,
  standardError,
  batches,
  growth,
  independence,
  score,
});

export const liarSwaps: Attack = {
  name: "liar-swaps",
  description:
    "takes one step; a validator with 49 % of the stake gives it the best miner's figures, and its figures to that one, so that each is possible",
  submit: oneStep,
  lie: {
    entries: (measured, { attackers }) => {
      const eve = measured.find(({ uid, verdict }) => attackers.has(uid) && verdict === "scored");
      const best = measured
        .filter(({ verdict, group }) => verdict === "scored" && group === eve?.group)
        .reduce<ReportEntry | undefined>(
          (first, entry) => (first && first.score >= entry.score ? first : entry),
          undefined,
        );
      if (!eve || !best) return measured;
      return measured.map((entry) => {
        if (entry === eve) return { ...entry, ...figuresOf(best) };
        return entry === best ? { ...entry, ...figuresOf(eve) } : entry;
      });
    },
  },
};
