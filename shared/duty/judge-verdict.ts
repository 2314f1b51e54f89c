import type { VoteVerdict } from "./majority.js";
import { EXACT_KINDS, type TaskKind } from "./task.js";

/** What a verdict shows about the verifier who gave it. */
export type VerdictStanding =
  /** It agrees with what recomputation gives, or nothing can be said. */
  | "sound"
  /** It is refuted, but of a kind whose results differ between machines: the verdict is not paid. */
  | "unpaid"
  /** It is refuted by a recomputation that everybody can repeat: fraud. */
  | "false";

/**
 * Judges a verdict by the truth, which is what recomputation or the majority gives, and for a planted task never what its relay says: so no relay can
 * frame anybody. A verifier that says `valid` to everything is found at its first planted task with a wrong result.
 */
export const judgeVerdict = (kind: TaskKind, verdict: VoteVerdict, truth: VoteVerdict): VerdictStanding => {
  if (verdict === "abstain" || truth === "abstain" || verdict === truth) return "sound";
  return EXACT_KINDS.has(kind) ? "false" : "unpaid";
};
