/** The result of auditing one cycle. Anything that could not be checked is never "agrees". */
export type AuditResult = "agrees" | "diverges" | "not auditable";

export interface CycleFacts {
  /** Hash of the model that the cycle started from. */
  readonly base: string | null;
  /** Hash that the majority of the stake committed. Null if there is none: then the previous model stays. */
  readonly agreed: string | null;
  /** Hash of the model that the merge gives here. Null if the merge could not be computed. */
  readonly recomputed: string | null;
  readonly reports: number;
  /** Number of miners whose updates the validators agree to have scored, and number of those that were merged. */
  readonly scored: number;
  readonly merged: number;
}

export interface CycleAudit extends CycleFacts {
  readonly cycle: number;
  readonly result: AuditResult;
  /** What differs from the protocol, in the order in which it was found. */
  readonly divergences: readonly string[];
  /** What is no longer available. */
  readonly missing: readonly string[];
  /** What the protocol allows and may still interest a reader. */
  readonly notes: readonly string[];
}

/** The audit of a cycle while it runs. */
export interface Findings {
  learn(facts: Partial<CycleFacts>): void;
  diverges(what: string): void;
  lacks(what: string): void;
  note(what: string): void;
  finish(): CycleAudit;
}

export const openFindings = (cycle: number): Findings => {
  let facts: CycleFacts = { base: null, agreed: null, recomputed: null, reports: 0, scored: 0, merged: 0 };
  const divergences = new Set<string>();
  const missing = new Set<string>();
  const notes = new Set<string>();
  return {
    learn: (more) => {
      facts = { ...facts, ...more };
    },
    diverges: (what) => void divergences.add(what),
    lacks: (what) => void missing.add(what),
    note: (what) => void notes.add(what),
    finish: () => ({
      cycle,
      result: divergences.size > 0 ? "diverges" : missing.size > 0 ? "not auditable" : "agrees",
      ...facts,
      divergences: [...divergences],
      missing: [...missing],
      notes: [...notes],
    }),
  };
};
