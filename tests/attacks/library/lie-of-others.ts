import type { ReportEntry } from "#shared/protocol/report.js";
import type { Lie } from "../attack.js";
import { honestWeights } from "./honest-weights.js";

/** What a validator says of everybody's scored work but its own miner's. It sets weights by what it measured, so that what reports alone do is seen. */
export const lieOfOthers = (said: (entry: ReportEntry) => ReportEntry): Lie => {
  /** What the validator of the running campaign measured in this cycle. */
  let latest: readonly ReportEntry[] = [];
  return {
    entries(measured, { attackers }) {
      latest = measured;
      return measured.map((entry) => (entry.verdict === "scored" && !attackers.has(entry.uid) ? said(entry) : entry));
    },
    weights: () => honestWeights(latest),
  };
};
