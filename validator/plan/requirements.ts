import type { Requirements } from "#shared/doctor/examined.js";
import { keptCycles } from "#shared/participant/files/kept-cycles.js";
import { isInHostMemory } from "#shared/planning/devices.js";
import type { Network } from "#shared/protocol/network.js";
import { SUBTENSOR_BLOCK_SECONDS } from "#shared/protocol/subtensor-pace.js";
import type { ValidatorConfig } from "../config.js";

/** Updates of a cycle, over all groups, that are planned for where nobody says how many. */
export const MINERS = 16;

/** What judging takes of the machine, without what lies on a card; an evaluator of the operator's own apart but for its files. */
export const requirementsOf = async (
  config: Pick<ValidatorConfig, "device" | "evaluation" | "checkpoint_keep_top_k"> & {
    readonly evaluator: Pick<ValidatorConfig["evaluator"], "command">;
  },
  network: Network,
): Promise<Requirements> => {
  const [{ planEvaluation }, { evaluationMemory }, { planWitness, witnessMemory }] = await Promise.all([
    import("./plan.js"),
    import("#shared/evaluation/evaluation-memory.js"),
    import("../witness/plan-witness.js"),
  ]);
  const hostMemory = isInHostMemory(config.device);
  const evaluation = evaluationMemory(config.evaluation.memory_gib);
  const { memory, disk } = planEvaluation(network, {
    blockSeconds: SUBTENSOR_BLOCK_SECONDS,
    updates: MINERS,
    memory: evaluation,
    keep: keptCycles(config),
    device: { name: config.device, hostMemory },
    hasEvaluator: config.evaluator.command !== undefined,
    witness: await planWitness(network, { hostMemory, memory: witnessMemory(evaluation) }),
  });
  return { memory: memory.total - memory.card, disk: disk.total };
};
