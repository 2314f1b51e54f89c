import type { GroupStep } from "#shared/merge/merge-model.js";
import { type Selected, selectAll, selectForMerge } from "#shared/merge/selection.js";
import type { Network } from "#shared/protocol/network.js";
import type { OuterStep } from "#shared/protocol/network-file/outer-step.js";
import type { AgreedOutcome } from "#shared/protocol/voting/tally.js";
import type { Submission } from "./submissions.js";

/** A submission that the validators agreed to have scored. */
export interface Candidate extends AgreedOutcome {
  readonly group: string;
  readonly artifact: string;
  readonly submission: Submission;
}

/** By group, the submissions that a cycle's steps may use, in the order of the arithmetic and with their shares. */
export interface MergePlan {
  /** The best with a positive score. A group without any is absent. */
  readonly merged: ReadonlyMap<string, readonly Selected<Candidate>[]>;
  /** The best of all that were scored, with equal shares. */
  readonly all: ReadonlyMap<string, readonly Selected<Candidate>[]>;
}

/** The submissions that the agreed outcomes let a cycle's steps use. @param topN updates of a group at most */
export const planMerge = (
  outcomes: readonly AgreedOutcome[],
  submissions: readonly Submission[],
  topN: number,
): MergePlan => {
  const candidates = outcomes.flatMap((outcome): Candidate[] => {
    const { group, artifact, verdict } = outcome;
    const submission = submissions.find(
      ({ hotkey, reveal }) => hotkey === outcome.hotkey && reveal?.artifact === artifact,
    );
    if (verdict !== "scored" || group === null || artifact === null || !submission?.commitment) return [];
    return [{ ...outcome, group, artifact, submission }];
  });
  return { merged: selectForMerge(candidates, topN), all: selectAll(candidates, topN) };
};

/**
 * The step of each group's model, by the chosen steps. A group is absent, and stays as it is, if its step is 0 or uses a direction that
 * does not exist in this cycle.
 */
export const planSteps = (
  plan: MergePlan,
  chosen: ReadonlyMap<string, number>,
  { outer }: Pick<Network["training"], "outer">,
): ReadonlyMap<string, GroupStep<Selected<Candidate>>> =>
  new Map(
    [...chosen].flatMap(([group, step]): [string, GroupStep<Selected<Candidate>>][] => {
      const along = outer.steps[step - 1]?.along;
      const updates = along && updatesAlong(plan, group, along);
      return updates ? [[group, { step, updates }]] : [];
    }),
  );

/** The updates that a step uses. Null if there are none. */
export const updatesAlong = (
  { merged, all }: MergePlan,
  group: string,
  along: OuterStep["along"],
): readonly Selected<Candidate>[] | null => {
  const updates = (along === "all" ? all : merged).get(group) ?? null;
  return along === "best" ? updates && [{ ...bestOf(updates), share: 1 }] : updates;
};

/** The update with the largest share. Of equals, the first. */
const bestOf = <T extends { readonly share: number }>(updates: readonly T[]): T =>
  updates.reduce((best, update) => (update.share > best.share ? update : best));
