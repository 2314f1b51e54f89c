import type { ReportEntry } from "#shared/protocol/report.js";
import type { LiarsDen, Lie } from "../attack.js";
import { honestWeights } from "./honest-weights.js";

/** What a validator reports in place of what it measured. It sets weights by what it measured, so that what reports alone do is seen. */
export const lieInReports = (
  said: (measured: readonly ReportEntry[], den: LiarsDen) => readonly ReportEntry[],
): Lie => {
  /** What the validator of the running campaign measured in this cycle. */
  let latest: readonly ReportEntry[] = [];
  return {
    entries(measured, den) {
      latest = measured;
      return said(measured, den);
    },
    weights: (_, pools) => honestWeights(latest, pools),
  };
};

/** The same of everybody's scored work but its own miner's. */
export const lieOfOthers = (said: (entry: ReportEntry) => ReportEntry): Lie =>
  lieInReports((measured, { attackers }) =>
    measured.map((entry) => (entry.verdict === "scored" && !attackers.has(entry.uid) ? said(entry) : entry)),
  );
