import type { EvaluationPlan } from "./plan.js";

/** What a machine has for it. */
export interface Available {
  readonly memory: number;
  /** Bytes that are free, and those that the program's files take already. */
  readonly disk: number;
  /** From programs or matrix products that were measured; null where none was. */
  readonly tokensPerSecond: number | null;
}

/** Whether a machine has what judging takes. Null where it is not known. */
export interface Verdict {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly time: boolean | null;
  /** All of them, as far as known. */
  readonly join: boolean;
}

export const verdictOf = ({ memory, disk, evaluation }: EvaluationPlan, has: Available): Verdict => {
  const { tokensPerSecond } = has;
  const told = {
    memory: memory.total - memory.card <= has.memory,
    disk: disk.total <= has.disk,
    time: tokensPerSecond === null ? null : evaluation.leastTokens / tokensPerSecond <= evaluation.seconds,
  };
  return { ...told, join: told.memory && told.disk && told.time !== false };
};
