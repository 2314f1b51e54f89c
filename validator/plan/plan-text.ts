import { fits, foundBy, type PlanLine, planText } from "#shared/cli/plan-lines.js";
import { KEEP_FEWER } from "#shared/participant/files/kept-cycles.js";
import { formatBytes } from "#shared/util/format-bytes.js";
import type { EvaluationTime } from "./evaluation-time.js";
import type { EvaluationPlan } from "./plan.js";
import type { Available, Verdict } from "./verdict.js";

/** A plan as a person reads it. */
export const describePlan = (
  plan: EvaluationPlan,
  has: Available,
  verdict: Verdict,
  measured?: EvaluationTime,
): string => {
  const { memory, disk, transfer, evaluation, choosing, witness, mode } = plan;
  const isWhole = mode === "whole";
  const { tokensPerSecond: speed } = has;
  const time = (tokens: number) => (speed === null ? "unknown" : `${(tokens / speed).toPrecision(3)} s`);
  return planText([
    [
      "model",
      [
        ["parameters", `${(plan.parameters / 1e6).toFixed(2)} M`],
        ["judged", mode, isWhole ? "in memory, as a whole" : "layer by layer, from its files"],
      ],
    ],
    [
      "memory",
      [
        ...(isWhole ? ([["weights", formatBytes(memory.weights)]] as const) : []),
        ["activations", formatBytes(memory.activations), "in the worst routing"],
        ...(isWhole ? [] : ([["hidden states", formatBytes(memory.states), "between layers"]] as const)),
        ["updates", formatBytes(memory.updates), "those that are measured at a time"],
        ["sketches", formatBytes(memory.sketches), "their thread, and those of a cycle's updates"],
        ...(memory.witness > 0
          ? ([["own trainings", formatBytes(memory.witness), "one at a time, before updates are revealed"]] as const)
          : []),
        ["runtime", formatBytes(memory.runtime)],
        ["total", formatBytes(memory.total), fits(verdict.memory, has.memory)],
        ...(disk.evaluator > 0
          ? ([["evaluator.command", "unknown", "beside it: nobody knows what a program of your own takes"]] as const)
          : []),
        ...(memory.card > 0 ? ([["of it on the card", formatBytes(memory.card)]] as const) : []),
        ...(isWhole
          ? []
          : ([["file cache", formatBytes(memory.mapped), "of the model's files, beside it; less is slower"]] as const)),
      ] satisfies readonly PlanLine[],
    ],
    [
      "disk",
      [
        ["models", formatBytes(disk.models)],
        ["updates", formatBytes(disk.updates)],
        ["hidden states", formatBytes(disk.states)],
        ...(disk.evaluator > 0
          ? ([["evaluator's model", formatBytes(disk.evaluator), "float32, anew in each cycle"]] as const)
          : []),
        ...(disk.witness > 0 ? ([["own trainings", formatBytes(disk.witness), "of one cycle"]] as const) : []),
        ["total", formatBytes(disk.total), fits(verdict.disk, has.disk)],
      ],
    ],
    [
      "transfer",
      [
        ["model", formatBytes(transfer.model), "down, once"],
        ["updates", formatBytes(transfer.downPerCycle), "down, each cycle"],
      ],
    ],
    ...(witness.tokens > 0
      ? ([
          [
            "train and commit phase",
            [
              ["time", `${witness.seconds.toFixed(0)} s`, "for own trainings"],
              ["their tokens", String(witness.tokens), "two trainings of each group"],
              [
                "tokens a second",
                (witness.tokens / witness.seconds).toPrecision(3),
                "needed; blockzero-miner plan --measure tells what this machine trains",
              ],
            ],
          ],
        ] as const)
      : []),
    [
      "evaluate phase",
      [
        [
          "time",
          `${evaluation.seconds.toFixed(0)} s`,
          `of blocks of ${Number(plan.evaluation.blockSeconds.toPrecision(3))} s`,
        ],
        ...(measured
          ? ([
              [
                "products",
                (measured.flopsPerSecond / 1e9).toPrecision(3),
                `GFLOP/s on ${(measured.flopsPerToken / 1e9).toPrecision(3)} GFLOP of a token`,
              ],
            ] as const)
          : []),
        [
          "tokens a second",
          speed === null ? "unknown" : speed.toPrecision(3),
          speed === null ? "nothing was measured" : foundBy(measured?.by),
        ],
        ["least to score all", time(evaluation.leastTokens), `${evaluation.leastTokens} tokens`],
        [
          "all batches of all",
          time(evaluation.mostTokens),
          `${evaluation.mostTokens} tokens; races mostly end earlier`,
        ],
      ],
    ],
    [
      "choose phase",
      [
        ["time", `${choosing.seconds.toFixed(0)} s`, "for the steps of all groups"],
        ["two looks", time(choosing.leastTokens), `${choosing.leastTokens} tokens; with less hardly any step is found`],
        [
          "all batches of all",
          time(choosing.mostTokens),
          `${choosing.mostTokens} tokens; races mostly end earlier, and are cut short where they do not`,
        ],
      ],
    ],
    ["this machine", [["should join", verdict.join ? "yes" : "no", reasonOf(verdict, plan)]]],
  ]);
};

const reasonOf = (
  { memory, disk, time }: Verdict,
  { mode, disk: { evaluator } }: EvaluationPlan,
): string | undefined => {
  if (!memory)
    return `too little memory${mode === "whole" ? ": lower evaluation.memory_gib, so that layers are read one by one" : ""}`;
  if (!disk) return `too little disk: ${KEEP_FEWER}`;
  if (time === false) return "evaluation takes too long here";
  if (time === null) return "as far as is known: nothing was measured";
  return evaluator > 0 ? "as far as is known: what evaluator.command takes is not" : undefined;
};
