import type { Requirements } from "#shared/doctor/examined.js";
import type { Network } from "#shared/protocol/network.js";
import { SUBTENSOR_BLOCK_SECONDS } from "#shared/protocol/subtensor-pace.js";
import type { ValidatorConfig } from "../config.js";

/** Updates of a cycle, over all groups, that are planned for where nobody says how many. */
export const MINERS = 16;

/** What judging takes of the machine. */
export const requirementsOf = async (
  config: Pick<ValidatorConfig, "evaluation" | "checkpoint_keep_top_k">,
  network: Network,
): Promise<Requirements> => {
  const [{ planEvaluation }, { evaluationMemory }] = await Promise.all([
    import("./plan.js"),
    import("#shared/evaluation/evaluation-memory.js"),
  ]);
  const { memory, disk } = planEvaluation(network, {
    blockSeconds: SUBTENSOR_BLOCK_SECONDS,
    updates: MINERS,
    memory: evaluationMemory(config.evaluation.memory_gib),
    keep: config.checkpoint_keep_top_k,
  });
  return { memory: memory.total, disk: disk.total };
};
