import type { Device } from "#shared/engine/device.js";
import { workOf } from "#shared/planning/graph-work.js";
import { measureWork } from "#shared/planning/measure-work.js";
import type { Network } from "#shared/protocol/network.js";
import { evaluationGraphs } from "./evaluation-graphs.js";
import type { EvaluationPlan } from "./plan.js";

/** How fast updates go through the model on a device, found without it. */
export interface EvaluationTime {
  readonly tokensPerSecond: number;
  /** Floating-point operations of a token's matrix products, and a second of their own time. */
  readonly flopsPerToken: number;
  readonly flopsPerSecond: number;
}

/** The time of a forward pass, from matrix products that are measured here. No weight is needed. */
export const measureEvaluationTime = async (
  network: Network,
  { mode }: Pick<EvaluationPlan, "mode">,
  device: Device,
): Promise<EvaluationTime> => {
  const { graphs, tokens } = evaluationGraphs(network, mode);
  const { num_experts: experts, num_experts_per_tok: chosen } = network.model;
  const rows = Math.max(1, Math.round((tokens * chosen) / experts));
  const { seconds, products, flops } = await measureWork(device, workOf(graphs, rows));
  return { tokensPerSecond: tokens / seconds, flopsPerToken: flops / tokens, flopsPerSecond: flops / products };
};
