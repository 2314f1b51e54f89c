import type { TrainingPlan } from "./plan.js";
import type { Measurement } from "./plan-measure.js";

type Line = readonly [what: string, amount: string, note?: string | undefined];

/** A plan as a person reads it. */
export const describePlan = (plan: TrainingPlan, measured?: Measurement): string => {
  const { memory, disk, transfer, train, parameters, workers } = plan;
  const isChosen = plan.device !== "auto";
  const sections: readonly (readonly [string, readonly Line[]])[] = [
    [
      `group ${plan.group}`,
      [
        ["hub", millions(parameters.hub), "parameters, frozen"],
        ["group", millions(parameters.group), "parameters, trained"],
        ["step", String(train.tokensPerStep), "tokens"],
      ],
    ],
    [
      `${workers === 1 ? "memory" : `memory of each of ${workers} workers`}${isChosen ? ` on ${plan.device}` : ""}`,
      [
        ["hub weights", bytes(memory.frozen)],
        ["group weights", bytes(memory.trained)],
        ["AdamW moments", bytes(memory.moments)],
        ["gradients", bytes(memory.gradients)],
        ["gradient sums", bytes(memory.gradientSums), "of micro-batches"],
        ...(memory.spare > 0
          ? ([["second set", bytes(memory.spare), "weights and moments that a step writes"]] as const)
          : []),
        ["activations", bytes(memory.activations), "in the worst routing"],
        ["submission", bytes(memory.submission), "the update and its file, at the cycle's end"],
        ["runtime", bytes(memory.runtime), "the program, and gaps between tensors"],
        ["total", bytes(memory.total), measured && `${bytes(measured.peakResident)} resident when measured`],
        ...(isChosen
          ? []
          : ([["", "", "as on the CPU; --device webgpu and tfjs hold weights and moments twice"]] as const)),
      ],
    ],
    [
      "disk",
      [
        ["models", bytes(disk.models)],
        ["updates", bytes(disk.updates)],
        ["training checkpoints", bytes(disk.checkpoints)],
        ["total", bytes(disk.total)],
      ],
    ],
    [
      "transfer",
      [
        ["hub", bytes(transfer.hub), "down, once"],
        ["group weights", bytes(transfer.downPerCycle), "down, each cycle"],
        ["update", bytes(transfer.upPerCycle), "up, each cycle, to each validator"],
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
  return sections.map(([title, lines]) => [title, ...lines.map(lineText)].join("\n")).join("\n\n");
};

/** Whole steps in the train phase. */
const stepsThatFit = ({ train }: TrainingPlan, { stepSeconds }: Measurement): number =>
  Math.floor(train.seconds / stepSeconds);

const lineText = ([what, amount, note = ""]: Line): string =>
  `  ${what.padEnd(22)}${amount.padStart(10)}  ${note}`.trimEnd();

/** Decimal units, as memory and disks are sold. */
const bytes = (count: number): string =>
  count >= 1e9
    ? `${(count / 1e9).toFixed(2)} GB`
    : count >= 1e6
      ? `${(count / 1e6).toFixed(1)} MB`
      : `${(count / 1e3).toFixed(1)} kB`;

const millions = (count: number): string => `${(count / 1e6).toFixed(2)} M`;

const seconds = (time: number): string => (time >= 100 ? `${time.toFixed(0)} s` : `${time.toPrecision(3)} s`);
