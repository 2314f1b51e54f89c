import type { Examined } from "./examined.js";

/** `failure`: the program would not work. `warning`: it works, perhaps not for long or not well, or nobody can tell. */
export type Verdict = "ok" | "warning" | "failure";

export interface Finding {
  readonly verdict: Verdict;
  /** What was found, one line, with units. */
  readonly says: string;
  /** What to do. Absent where nothing is to be done. */
  readonly remedy?: string | undefined;
}

/** What a check needs before it can find anything. */
export type Need = "chain" | "network";

/**
 * One thing that is looked at. A check throws only `BlockZeroError`s, or what the system answers about a file, that are failures; anything else is a
 * bug.
 */
export interface Check {
  readonly name: string;
  /** Longest time that it may take. */
  readonly deadlineMs: number;
  /** Without these it is not run. */
  readonly needs?: Need;
  readonly run: (about: Examined, signal: AbortSignal) => Promise<Finding>;
}

export const ok = (says: string): Finding => ({ verdict: "ok", says });
export const warning = (says: string, remedy: string): Finding => ({ verdict: "warning", says, remedy });
export const failure = (says: string, remedy: string): Finding => ({ verdict: "failure", says, remedy });
