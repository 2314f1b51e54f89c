import type { Checker } from "./check-task.js";
import { type TaskOf, taskId } from "./task.js";

interface CommittedMerge {
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
  /** The validator that merged, and its public key, 32 bytes. */
  readonly hotkey: string;
  readonly publicKey: Uint8Array;
  /** Hash of the model that the cycle started from. */
  readonly base: string;
  /** Hash of the model that it committed. */
  readonly model: string;
}

/** The task of kind `merge` of a model record. */
export const mergeTask = ({ network, cycle, hotkey, publicKey, base, model }: CommittedMerge): TaskOf<"merge"> => {
  const subject = { base };
  const id = taskId({ network, cycle, executorKey: publicKey, kind: "merge", subject });
  return { kind: "merge", id, network, cycle, executor: hotkey, subject, result: model };
};

/**
 * Checks merges by merging again.
 *
 * @param merge the hash of the model that a cycle's agreed reports and ballots give; null where files for it are not to be had
 */
export const mergeChecker =
  (merge: (task: TaskOf<"merge">, signal: AbortSignal) => Promise<string | null>): Checker<"merge"> =>
  async (task, signal) => {
    const model = await merge(task, signal);
    if (model === null) return { verdict: "abstain", reason: "files of the cycle are not to be had" };
    return model === task.result ? { verdict: "valid" } : { verdict: "invalid", reason: `the merge gives ${model}` };
  };
