import { type PlanLine, planText } from "#shared/cli/plan-lines.js";
import { evaluationMemory } from "#shared/evaluation/evaluation-memory.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import { windowsBytes } from "#shared/own-program/windows-file.js";
import { KEEP_FEWER } from "#shared/participant/files/kept-cycles.js";
import type { Network } from "#shared/protocol/network.js";
import type { FloatDType } from "#shared/tensor-files/float-dtype.js";
import { formatBytes } from "#shared/util/format-bytes.js";
import type { MinerConfig, TrainingConfig } from "../config.js";
import { jobRouterShapes } from "../own-trainer/job-routers.js";
import { shardModel } from "../own-trainer/shard-folder.js";
import { isWithin } from "../own-trainer/shard-loss.js";
import { windowsShape } from "../own-trainer/training-windows.js";
import { filesOf, PROGRAM_BYTES, type TrainingPlan } from "./plan.js";
import type { SprintPlan } from "./plan-sprint.js";
import { diskLine, millions, sprintSection, transferSection } from "./plan-text.js";

/** Bytes, unless said otherwise. */
export interface OwnTrainingPlan extends Pick<TrainingPlan, "group" | "parameters" | "transfer"> {
  readonly memory: {
    /** Of the operator's program: nobody knows. */
    readonly program: null;
    /** Of the miner itself, while it checks an update; what a batch makes of it is left out. */
    readonly check: number;
  };
  readonly disk: {
    readonly models: number;
    readonly updates: number;
    /** The shard's folder and the whole routers, float32, and the group's weights once more where the check reads them from a file. */
    readonly shard: number;
    readonly windows: number;
    /** `trainer.disk_gib`. */
    readonly program: number;
    readonly total: number;
  };
}

const GIB = 2 ** 30;

/** What is known of a training that is left to an operator's own program. @throws BlockZeroError TRAINER_SHARD_UNEVEN, EXPERT_GROUP_UNKNOWN */
export const planOwnTraining = (
  config: TrainingConfig & { readonly trainer: Pick<MinerConfig["trainer"], "disk_gib"> },
  network: Network,
  hubDType: FloatDType | null,
): OwnTrainingPlan => {
  const shard = shardModel(network, config.expert_group);
  const { parameters, weights, transfer, models, updates } = filesOf(config, network, hubDType);
  const folder = 4 * countParameters(parameterShapes(shard.config));
  const routers = 4 * countParameters(jobRouterShapes(network, config.expert_group, config));
  const isInMemory = isWithin(evaluationMemory(0), shard);
  const disk = {
    models,
    updates,
    shard: folder + routers + (isInMemory ? 0 : weights),
    windows: windowsBytes(windowsShape(config, network)),
    program: config.trainer.disk_gib * GIB,
  };
  return {
    group: config.expert_group,
    parameters,
    memory: { program: null, check: PROGRAM_BYTES + (isInMemory ? folder : 0) },
    disk: { ...disk, total: Object.values(disk).reduce((sum, bytes) => sum + bytes, 0) },
    transfer,
  };
};

/** What a machine has for it; nobody knows whether the program's memory and time suffice. */
export const ownVerdict = (
  { disk }: OwnTrainingPlan,
  free: number,
): { readonly disk: boolean; readonly join: boolean } => {
  const isEnough = disk.total <= free;
  return { disk: isEnough, join: isEnough };
};

/** A plan as a person reads it. @param free bytes that are free, and those that the program's files take already */
export const describeOwnPlan = (plan: OwnTrainingPlan, free: number, sprint: SprintPlan | null): string => {
  const { parameters, memory, disk } = plan;
  const verdict = ownVerdict(plan, free);
  return planText([
    [
      `group ${plan.group}`,
      [
        ["hub", millions(parameters.hub), "parameters, frozen"],
        ["group", millions(parameters.group), "parameters, trained"],
      ],
    ],
    [
      "memory",
      [
        ["trainer.command", "unknown", "nobody knows what a program of your own takes"],
        ["the miner's check", formatBytes(memory.check), "of an update, when the program has ended"],
      ] satisfies readonly PlanLine[],
    ],
    [
      "disk",
      [
        ["models", formatBytes(disk.models)],
        ["updates", formatBytes(disk.updates)],
        ["shard", formatBytes(disk.shard), "as the program finds it, float32"],
        ["text of a cycle", formatBytes(disk.windows)],
        ["trainer.disk_gib", formatBytes(disk.program), "what the program may write"],
        diskLine(disk.total, verdict.disk, free),
      ],
    ],
    transferSection(plan.transfer),
    ...(sprint ? [sprintSection(sprint)] : []),
    [
      "this machine",
      [
        [
          "should join",
          verdict.join ? "yes" : "no",
          verdict.join
            ? "as far as is known: `blockzero-miner trainer check` tries the program"
            : `too little disk: lower trainer.disk_gib, or ${KEEP_FEWER}`,
        ],
      ],
    ],
  ]);
};
