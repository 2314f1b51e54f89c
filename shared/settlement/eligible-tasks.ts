import type { DutyTask } from "#shared/duty/assess-duty.js";
import type { Task } from "#shared/duty/task.js";
import { dutyThreshold } from "#shared/duty/threshold.js";
import { type CloseInputs, targetsOf, weightsByKind } from "./cycle-inputs.js";

/** What is known of a cycle when its duty is drawn. */
export type DutyInputs = Pick<
  CloseInputs,
  "network" | "cycle" | "members" | "tasks" | "tasksBefore" | "reputations" | "pot" | "volume" | "rules" | "beacon"
>;

export interface EligibleTask extends DutyTask {
  readonly subject: Task;
}

/** The tasks that a member may be on duty for, with its thresholds, in the order of the inputs. */
export const eligibleTasks = (inputs: DutyInputs): ((hotkey: string) => readonly EligibleTask[]) => {
  const { members, tasks, beacon } = inputs;
  const targets = targetsOf(inputs);
  const weightsOf = weightsByKind(members);
  return (hotkey) =>
    tasks
      .map(({ task, executorKey }) => ({
        subject: task,
        task: task.id,
        executorKey,
        result: task.result,
        beacon,
        threshold: dutyThreshold(targets.get(task.executor)!, hotkey, task.executor, weightsOf(task.kind)),
      }))
      .filter(({ threshold }) => threshold > 0n);
};
