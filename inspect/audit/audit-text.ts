import { plural } from "#shared/util/plural.js";
import type { CycleAudit } from "./findings.js";

/** One line a cycle, and under it what there is to say. */
export const auditLines = ({
  cycle,
  result,
  recomputed,
  agreed,
  base,
  reports,
  scored,
  merged,
  ...found
}: CycleAudit): readonly string[] => {
  const [first, ...more] = result === "diverges" ? found.divergences : found.missing;
  const model = (recomputed ?? agreed ?? base ?? "").slice(0, 12);
  const counts = `${plural(reports, "report")}, ${scored} scored, ${merged} merged`;
  const line =
    result === "agrees"
      ? `agrees: model ${model}, ${counts}`
      : result === "diverges"
        ? `diverges: ${first}`
        : `not auditable: ${first}`;
  return [
    `cycle ${cycle} ${line}`,
    ...more.map((what) => `  also: ${what}`),
    ...found.notes.map((what) => `  note: ${what}`),
  ];
};

/**
 * Of consecutive cycles those that are probably older than what is kept: not auditable, and before the first that agrees. Files and the chain's
 * state go with time, so that alone says nothing against the subnet.
 */
export const olderThanKept = (audits: readonly CycleAudit[]): readonly number[] => {
  const first = audits.findIndex(({ result }) => result === "agrees");
  return audits
    .slice(0, Math.max(0, first))
    .flatMap(({ cycle, result }) => (result === "not auditable" ? [cycle] : []));
};

/** Whether every cycle agrees, but for those that are probably older than what is kept. */
export const allAgree = (audits: readonly CycleAudit[]): boolean => {
  const older = olderThanKept(audits);
  const others = audits.filter(({ cycle }) => !older.includes(cycle));
  return others.length > 0 && others.every(({ result }) => result === "agrees");
};

/** What is said of cycles that are probably older than what is kept. */
export const olderLines = (older: readonly number[]): readonly string[] =>
  older.length === 0
    ? []
    : [
        `${older.length === 1 ? `cycle ${older[0]}` : `cycles ${older.join(", ")}`} cannot be audited any more, or not now: before the first that can that is expected, as files are kept for a while (checkpoint_keep_top_k), and it does not count in the exit status`,
      ];
