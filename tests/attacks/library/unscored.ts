import type { ReportEntry } from "#shared/protocol/report.js";
import { type ReasonCode, verdictFor } from "#shared/protocol/verdict.js";

/** An entry as it would be if its update could not be scored. */
export const unscored = (entry: ReportEntry, reason: ReasonCode): ReportEntry => ({
  ...entry,
  verdict: verdictFor(reason),
  reason,
  lossReduction: null,
  standardError: null,
  batches: null,
  growth: null,
  independence: null,
  score: 0,
});
