import { fits, foundBy, type PlanLine, planText } from "#shared/cli/plan-lines.js";
import { KEEP_FEWER } from "#shared/participant/files/kept-cycles.js";
import { CHECKPOINT_SHARE } from "#shared/shard-training/checkpoint-runs.js";
import { formatBytes } from "#shared/util/format-bytes.js";
import { percent } from "#shared/util/percent.js";
import type { TrainingPlan } from "./plan.js";
import type { Measurement } from "./plan-measure.js";
import type { SprintPlan } from "./plan-sprint.js";
import type { TrainingTime } from "./training-time.js";
import type { Available, Verdict } from "./verdict.js";

/** What is known of a machine beside the plan. */
export interface PlanFound {
  readonly has: Available;
  readonly verdict: Verdict;
  /** From its programs or matrix products. */
  readonly time?: TrainingTime | undefined;
  /** Of a training with random weights. */
  readonly measured?: Measurement | undefined;
}

type Section = readonly [title: string, lines: readonly PlanLine[]];

/** A plan as a person reads it. */
export const describePlan = (plan: TrainingPlan, found: PlanFound, sprint: SprintPlan | null = null): string =>
  planText([
    shardLines(plan),
    memoryLines(plan, found),
    [
      "disk",
      [
        ["models", formatBytes(plan.disk.models)],
        ["updates", formatBytes(plan.disk.updates)],
        [
          "training checkpoints",
          formatBytes(plan.disk.checkpoints),
          `written in ${percent(CHECKPOINT_SHARE)} of the time at most`,
        ],
        ...(plan.disk.workers > 0
          ? ([["between workers", formatBytes(plan.disk.workers), "float32, whatever the model's files are"]] as const)
          : []),
        diskLine(plan.disk.total, found.verdict.disk, found.has.disk),
      ],
    ],
    transferSection(plan.transfer),
    timeLines(plan, found),
    ...(sprint ? [sprintSection(sprint)] : []),
    ["this machine", [["should join", found.verdict.join ? "yes" : "no", reasonOf(found.verdict, plan)]]],
  ]);

export const diskLine = (total: number, isEnough: boolean, free: number): PlanLine => [
  "total",
  formatBytes(total),
  fits(isEnough, free),
];

export const transferSection = ({ hub, downPerCycle, upPerCycle }: TrainingPlan["transfer"]): Section => [
  "transfer",
  [
    ["hub", formatBytes(hub), "down, once"],
    ["group weights", formatBytes(downPerCycle), "down, each cycle"],
    ["update", formatBytes(upPerCycle), "up, each cycle, to each validator"],
  ],
];

const shardLines = (plan: TrainingPlan): Section => [
  `group ${plan.group}`,
  [
    ["hub", millions(plan.parameters.hub), "parameters, frozen"],
    ["group", millions(plan.parameters.group), "parameters, trained"],
    ["step", String(plan.train.tokensPerStep), "tokens"],
    ["program", plan.program, otherText(plan)],
  ],
];

const memoryLines = (plan: TrainingPlan, { has, verdict, measured }: PlanFound): Section => {
  const { memory, workers, card, device } = plan;
  const isChosen = device !== "auto";
  return [
    `${workers === 1 ? "memory" : `memory of each of ${workers} workers`}${isChosen ? ` on ${device}` : ""}`,
    [
      ["frozen weights", formatBytes(memory.frozen)],
      ["group weights", formatBytes(memory.trained)],
      ["AdamW moments", formatBytes(memory.moments)],
      ["gradients", formatBytes(memory.gradients)],
      ["gradient sums", formatBytes(memory.gradientSums), "of micro-batches"],
      ...(memory.spare > 0
        ? ([["second set", formatBytes(memory.spare), "weights and moments that a step writes"]] as const)
        : []),
      ["activations", formatBytes(memory.activations), "in the worst routing"],
      ["runtime", formatBytes(memory.runtime), "the program, and gaps between tensors"],
      ["total", formatBytes(memory.total), measured && `${formatBytes(measured.peakResident)} resident when measured`],
      ["anonymous", formatBytes(plan.anonymous), fits(verdict.memory, has.memory)],
      ...(plan.mapped > 0
        ? ([
            ["file cache", formatBytes(plan.mapped), "weights that are read from disk, beside it; less is slower"],
          ] as const)
        : []),
      ...(card > 0 ? ([["on the card", formatBytes(card), "whose memory is not looked at"]] as const) : []),
      ...(isChosen
        ? []
        : ([["", "", "as on the CPU; --device webgpu and tfjs hold weights and moments twice"]] as const)),
    ],
  ];
};

const timeLines = ({ train }: TrainingPlan, { has, verdict, time, measured }: PlanFound): Section => {
  const { stepSeconds } = has;
  const lines: PlanLine[] = [
    [
      "time",
      seconds(train.seconds),
      `to the last block but one, of ${Number(train.blockSeconds.toPrecision(3))} s each`,
    ],
  ];
  if (time)
    lines.push([
      "products",
      `${(time.flopsPerSecond / 1e9).toPrecision(3)}`,
      `GFLOP/s on ${(time.flops / 1e12).toPrecision(3)} TFLOP of a step`,
    ]);
  if (stepSeconds === null) return ["train phase", [...lines, ["steps that fit", "unknown", "nothing was measured"]]];
  lines.push(
    ["step", seconds(stepSeconds), measured ? "measured, with random weights" : foundBy(time?.by)],
    ["tokens a second", (train.tokensPerStep / stepSeconds).toPrecision(3)],
    ["steps that fit", String(Math.floor(train.seconds / stepSeconds)), `max_steps is ${train.maxSteps}`],
    ["tokens of a cycle", String(verdict.tokens)],
  );
  return ["train phase", lines];
};

const reasonOf = ({ memory, disk, time }: Verdict, { program }: TrainingPlan): string | undefined => {
  if (!memory)
    return `too little memory: lower batch_size or workers${program === "whole" ? ", or set training.program to layers" : ""}`;
  if (!disk) return `too little disk: ${KEEP_FEWER}`;
  if (time === false) return "not one step fits into the train phase";
  return time === null ? "as far as is known: nothing was measured" : undefined;
};

export const sprintSection = (sprint: SprintPlan): Section => {
  const { dials, every, confirmations, idle, memory, searchSeconds, share, required, expected } = sprint;
  const odds = confirmations > 0 ? `and each cycle between with a probability of ${percent(confirmations)}` : undefined;
  const known =
    expected === null
      ? "nonces; `blockzero compute bench` says what this machine computes"
      : `nonces; ${expected} expected, for ${percent(Math.min(1, expected / (required ?? expected)))} of its pay`;
  return [
    `Sprints, dials ${dials}`,
    [
      ["in every", every === 1 ? "cycle" : `${every} cycles`, odds],
      ["network", formatBytes(memory), "in memory while a Sprint lasts"],
      ["computing", seconds(searchSeconds), "of its evaluate phase, by compute.max_share"],
      ...(idle > 0
        ? ([["in idle time", seconds(idle * searchSeconds), "of each cycle without Sprint or confirmation"]] as const)
        : []),
      ["of all time", percent(share), "loading left out"],
      required === null ? ["pay", "whole", "it does not depend on them"] : ["whole pay", String(required), known],
    ],
  ];
};

/** What the other program would take. */
const otherText = ({ program, otherwise }: TrainingPlan): string | undefined => {
  const name = program === "whole" ? "layer by layer" : "the whole graph";
  return otherwise === null ? undefined : `${name}: ${formatBytes(otherwise)} in all`;
};

export const millions = (count: number): string => `${(count / 1e6).toFixed(2)} M`;

const seconds = (time: number): string => (time >= 100 ? `${time.toFixed(0)} s` : `${time.toPrecision(3)} s`);
