import { asciiLine } from "#shared/protocol/parsed.js";
import { withDeadline } from "#shared/util/deadline.js";
import type { Task, TaskKind, TaskOf } from "./task.js";

export type Finding =
  /** `digest`: hash of what was computed, 64 hex digits, where others compute the same. */
  | { readonly verdict: "valid"; readonly digest?: string }
  /** The result is wrong: why, for people. */
  | { readonly verdict: "invalid"; readonly reason: string; readonly digest?: string }
  /** The verifier cannot tell: why. Says nothing against the executor. */
  | { readonly verdict: "abstain"; readonly reason: string };

/** Recomputes a task of one kind. May throw or never settle; the signal tells it that nobody waits any more. */
export type Checker<K extends TaskKind> = (task: TaskOf<K>, signal: AbortSignal) => Promise<Finding>;

/** The kinds that this machine can check. */
export type Checkers = { readonly [K in TaskKind]?: Checker<K> };

/** Checks a task within so many milliseconds. Never throws: a checker that fails, is late or is not there abstains. */
export const checkTask = async (checkers: Checkers, task: Task, milliseconds: number): Promise<Finding> => {
  const checker = checkers[task.kind] as Checker<TaskKind> | undefined;
  if (checker === undefined) return abstain(`this machine does not check tasks of kind ${task.kind}`);
  const late = () => new Error(`not checked within ${milliseconds} ms`);
  try {
    const finding = await withDeadline(milliseconds, late, async (signal) => checker(task, signal));
    return finding.verdict === "valid" ? finding : { ...finding, reason: asciiLine(finding.reason) || "no reason" };
  } catch (thrown) {
    return abstain(thrown instanceof Error ? thrown.message || thrown.name : String(thrown));
  }
};

const abstain = (reason: string): Finding => ({ verdict: "abstain", reason: asciiLine(reason) || "no reason" });
