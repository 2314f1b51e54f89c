import type { DutyTask } from "#shared/duty/assess-duty.js";
import type { Task } from "#shared/duty/task.js";
import { dutyThreshold } from "#shared/duty/threshold.js";
import { type CloseInputs, targetsOf, weightsByKind } from "./cycle-inputs.js";

/** What is known of a cycle when its duty is drawn. */
export type DutyInputs = Pick<
  CloseInputs,
  | "network"
  | "cycle"
  | "members"
  | "tasks"
  | "dropped"
  | "tasksBefore"
  | "reputations"
  | "pot"
  | "volume"
  | "rules"
  | "beacon"
>;

export interface EligibleTask extends DutyTask {
  readonly subject: Task;
}

/** The tasks that a member may be on duty for, with its thresholds, in the order of the inputs. */
export const eligibleTasks = (inputs: DutyInputs): ((hotkey: string) => readonly EligibleTask[]) => {
  const { members, tasks, beacon } = inputs;
  const targets = targetsOf(inputs);
  const weightsOf = weightsByKind(members);
  return (hotkey) => {
    /** One a kind and executor: a threshold takes a sum over all members. */
    const known = new Map<string, bigint>();
    const thresholdOf = ({ kind, executor }: Task): bigint => {
      const key = `${kind} ${executor}`;
      const threshold = known.get(key) ?? dutyThreshold(targets.get(executor)!, hotkey, executor, weightsOf(kind));
      known.set(key, threshold);
      return threshold;
    };
    return tasks
      .map(({ task, executorKey }) => ({
        subject: task,
        task: task.id,
        executorKey,
        result: task.result,
        beacon,
        threshold: thresholdOf(task),
      }))
      .filter(({ threshold }) => threshold > 0n);
  };
};
