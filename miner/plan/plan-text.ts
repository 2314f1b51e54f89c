import { type PlanLine, planText } from "#shared/cli/plan-lines.js";
import { formatBytes } from "#shared/util/format-bytes.js";
import type { TrainingPlan } from "./plan.js";
import type { Measurement } from "./plan-measure.js";

/** A plan as a person reads it. */
export const describePlan = (plan: TrainingPlan, measured?: Measurement): string => {
  const { memory, disk, transfer, train, parameters, workers } = plan;
  const isChosen = plan.device !== "auto";
  const sections: readonly (readonly [string, readonly PlanLine[]])[] = [
    [
      `group ${plan.group}`,
      [
        ["hub", millions(parameters.hub), "parameters, frozen"],
        ["group", millions(parameters.group), "parameters, trained"],
        ["step", String(train.tokensPerStep), "tokens"],
        ["program", plan.program, otherText(plan)],
      ],
    ],
    [
      `${workers === 1 ? "memory" : `memory of each of ${workers} workers`}${isChosen ? ` on ${plan.device}` : ""}`,
      [
        [
          "frozen weights",
          formatBytes(memory.frozen),
          plan.mapped > 0 ? `of ${formatBytes(plan.mapped)} that are read from disk` : undefined,
        ],
        ["group weights", formatBytes(memory.trained)],
        ["AdamW moments", formatBytes(memory.moments)],
        ["gradients", formatBytes(memory.gradients)],
        ["gradient sums", formatBytes(memory.gradientSums), "of micro-batches"],
        ...(memory.spare > 0
          ? ([["second set", formatBytes(memory.spare), "weights and moments that a step writes"]] as const)
          : []),
        ["activations", formatBytes(memory.activations), "in the worst routing"],
        ["submission", formatBytes(memory.submission), "the update and its file, at the cycle's end"],
        ["runtime", formatBytes(memory.runtime), "the program, and gaps between tensors"],
        [
          "total",
          formatBytes(memory.total),
          measured && `${formatBytes(measured.peakResident)} resident when measured`,
        ],
        ...(isChosen
          ? []
          : ([["", "", "as on the CPU; --device webgpu and tfjs hold weights and moments twice"]] as const)),
      ],
    ],
    [
      "disk",
      [
        ["models", formatBytes(disk.models)],
        ["updates", formatBytes(disk.updates)],
        ["training checkpoints", formatBytes(disk.checkpoints)],
        ["total", formatBytes(disk.total)],
      ],
    ],
    [
      "transfer",
      [
        ["hub", formatBytes(transfer.hub), "down, once"],
        ["group weights", formatBytes(transfer.downPerCycle), "down, each cycle"],
        ["update", formatBytes(transfer.upPerCycle), "up, each cycle, to each validator"],
      ],
    ],
    [
      "train phase",
      [
        ["time", seconds(train.seconds), "to the last block but one"],
        ...(measured
          ? ([
              ["step", seconds(measured.stepSeconds), "measured"],
              ["steps that fit", String(stepsThatFit(plan, measured)), `max_steps is ${train.maxSteps}`],
            ] as const)
          : ([["steps that fit", "unknown", "--measure tells"]] as const)),
      ],
    ],
  ];
  return planText(sections);
};

/** What the other program would take. */
const otherText = ({ program, otherwise }: TrainingPlan): string | undefined => {
  const name = program === "whole" ? "layer by layer" : "the whole graph";
  return otherwise === null ? undefined : `${name}: ${formatBytes(otherwise)} in all`;
};

/** Whole steps in the train phase. */
const stepsThatFit = ({ train }: TrainingPlan, { stepSeconds }: Measurement): number =>
  Math.floor(train.seconds / stepSeconds);

const millions = (count: number): string => `${(count / 1e6).toFixed(2)} M`;

const seconds = (time: number): string => (time >= 100 ? `${time.toFixed(0)} s` : `${time.toPrecision(3)} s`);
