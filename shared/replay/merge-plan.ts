import type { AgreedOutcome } from "#shared/protocol/tally.js";
import { type Selected, selectForMerge } from "#shared/scoring/selection.js";
import type { Submission } from "./submissions.js";

/** A submission that the validators agreed to have scored. */
export interface Candidate extends AgreedOutcome {
  readonly group: string;
  readonly artifact: string;
  readonly commitBlock: number;
  readonly submission: Submission;
}

/** What is merged of a cycle: by group, in the order of the arithmetic, each with its share. */
export const planMerge = (
  outcomes: readonly AgreedOutcome[],
  submissions: readonly Submission[],
  topN: number,
): ReadonlyMap<string, readonly Selected<Candidate>[]> => {
  const candidates = outcomes.flatMap((outcome): Candidate[] => {
    const { group, artifact, verdict } = outcome;
    const submission = submissions.find(
      ({ hotkey, reveal }) => hotkey === outcome.hotkey && reveal?.artifact === artifact,
    );
    if (verdict !== "scored" || group === null || artifact === null || !submission?.commitment) return [];
    return [{ ...outcome, group, artifact, commitBlock: submission.commitment.block, submission }];
  });
  return selectForMerge(candidates, topN);
};
