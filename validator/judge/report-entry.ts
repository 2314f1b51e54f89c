import type { ReportEntry } from "#shared/protocol/report.js";
import { type ReasonCode, verdictFor } from "#shared/protocol/verdict.js";
import type { GatedUpdate } from "#shared/replay/gate-submission.js";
import type { Submission } from "#shared/replay/submissions.js";
import type { RaceResult } from "#shared/scoring/racing/race.js";

const unscored = {
  lossReduction: null,
  standardError: null,
  batches: null,
  growth: null,
  independence: null,
  score: 0,
} as const;

/** The report's entry for a submission that has no score, with the reason. */
export const failedEntry = ({ uid, hotkey, reveal }: Submission, reason: ReasonCode, detail: string): ReportEntry => ({
  uid,
  hotkey,
  group: reveal?.group ?? null,
  artifact: reveal?.artifact ?? null,
  verdict: verdictFor(reason),
  reason,
  detail,
  ...unscored,
});

/**
 * The report's entry for a submission that was measured.
 *
 * @param problem why it was not measured to the end, if the reason is not the time
 */
export const scoreEntry = (
  submission: Submission,
  { group, artifact }: GatedUpdate,
  { result, independence }: { readonly result: RaceResult; readonly independence: number },
  problem: string | null,
): ReportEntry => {
  if (result.verdict === "rejected") return failedEntry(submission, result.reason, `artifact ${artifact}`);
  if (result.verdict === "abstained") {
    const late = `it could not be scored in time, after ${result.batches} batches`;
    return failedEntry(submission, result.reason, problem ?? late);
  }
  const { uid, hotkey } = submission;
  const { lossReduction, standardError, batches, growth, score } = result;
  return {
    uid,
    hotkey,
    group,
    artifact,
    verdict: "scored",
    reason: null,
    detail: null,
    lossReduction,
    standardError,
    batches,
    growth,
    independence,
    score,
  };
};
