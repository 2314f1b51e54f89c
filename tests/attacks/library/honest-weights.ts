import type { ReportEntry } from "#shared/protocol/report.js";
import { toWeights } from "#shared/rewards/weights.js";

/** What weights are made of. */
export type Weighed = Pick<ReportEntry, "uid" | "group" | "score" | "independence">;

/** Weights by what was measured in one cycle, by the exponent of the default curve. */
export const honestWeights = (measured: readonly Weighed[]): readonly (readonly [uid: number, weight: number])[] => {
  const merits = measured.map(({ uid, group, score, independence }) => ({
    uid,
    group,
    merit: score ** 2.5 * (independence ?? 0),
  }));
  const totalOf = (group: string | null) =>
    merits.reduce((sum, one) => (one.group === group ? sum + one.merit : sum), 0) || 1;
  return toWeights(new Map(merits.map(({ uid, group, merit }) => [uid, merit / totalOf(group)])));
};
