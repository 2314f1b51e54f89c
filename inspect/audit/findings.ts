/** What an audit of one cycle comes to. What could not be looked at is never agreement. */
export type AuditResult = "agrees" | "diverges" | "not auditable";

export interface CycleFacts {
  /** Hash of the model that the cycle started from. */
  readonly base: string | null;
  /** Hash that the majority of the stake committed; null: none, and the model before stays. */
  readonly agreed: string | null;
  /** Hash that the merge gives here; null where it could not be made. */
  readonly recomputed: string | null;
  readonly reports: number;
  /** Miners whose updates the validators agree to have scored, and those that were merged. */
  readonly scored: number;
  readonly merged: number;
}

export interface CycleAudit extends CycleFacts {
  readonly cycle: number;
  readonly result: AuditResult;
  /** What is not as the protocol says, in the order in which it was come across. */
  readonly divergences: readonly string[];
  /** What cannot be had any more. */
  readonly missing: readonly string[];
  /** What the protocol allows and a reader may want to know. */
  readonly notes: readonly string[];
}

/** The audit of a cycle under way. */
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
