import type { Report, ReportEntry } from "#shared/protocol/report.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import type { Findings } from "./findings.js";
import type { Regated } from "./repeats.js";

/** Reasons that an audit cannot repeat: they depend on what a server sent the validator at that time, or on its own measurement. */
const MEASURED: ReadonlySet<ReasonCode> = new Set(["duplicate", "non_finite_loss", "hash_mismatch", "too_large"]);

/** Compares a report with the results of the gates here. */
export const checkReport = (report: Report, regated: readonly Regated[], findings: Findings): void => {
  for (const entry of report.entries) {
    const found = regated.find(({ submission }) => submission.uid === entry.uid && submission.hotkey === entry.hotkey);
    const problem = found ? disagreement(entry, found) : "the chain knows no such neuron in this cycle";
    if (problem !== null) findings.diverges(`report of ${report.validator} on uid ${entry.uid}: ${problem}`);
  }
  for (const { uid } of unmentioned(report, regated))
    findings.note(`report of ${report.validator} says nothing of uid ${uid}`);
};

/** Hotkeys that committed or revealed something and have no entry. A validator may leave a miner unscored, but its report must list it. */
const unmentioned = ({ entries }: Report, regated: readonly Regated[]): readonly Regated["submission"][] =>
  regated
    .map(({ submission }) => submission)
    .filter(
      ({ uid, hotkey, commitment, reveal }) =>
        (commitment ?? reveal) !== null && !entries.some((entry) => entry.uid === uid && entry.hotkey === hotkey),
    );

const disagreement = (entry: ReportEntry, { submission, result, isRepeated }: Regated): string | null => {
  const { reveal } = submission;
  if (entry.artifact !== (reveal?.artifact ?? null) || entry.group !== (reveal?.group ?? null))
    return `it is about artifact ${entry.artifact}, revealed was ${reveal?.artifact ?? "none"}`;
  if (entry.verdict === "abstained" || result === null) return null;
  if (entry.verdict === "scored") {
    if (!result.ok) return `it was scored, but the gates reject it: ${result.reason}, ${result.detail}`;
    return isRepeated ? "it was scored, but its tensors had been submitted before" : null;
  }
  if (entry.reason === null || MEASURED.has(entry.reason)) return null;
  if (result.ok) return `it was rejected as ${entry.reason}, but it passes the gates`;
  return entry.reason === result.reason ? null : `it was rejected as ${entry.reason}, the gates say ${result.reason}`;
};
