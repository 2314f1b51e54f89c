import type { Device } from "#shared/engine/device.js";
import { type GraphsTime, measureTime } from "#shared/planning/measure-time.js";
import type { Network } from "#shared/protocol/network.js";
import { evaluationGraphs } from "./evaluation-graphs.js";
import type { EvaluationPlan } from "./plan.js";

/** How fast updates go through the model on a device, found without it. */
export interface EvaluationTime {
  readonly tokensPerSecond: number;
  /** Floating-point operations of a token's matrix products, and a second of their own time. */
  readonly flopsPerToken: number;
  readonly flopsPerSecond: number;
  /** Whether the programs of a forward pass were run, or products of their shapes. */
  readonly by: GraphsTime["by"];
}

export interface TimeOptions {
  readonly device: Device;
  /** Bytes of memory that a program can still get here. */
  readonly available: number;
  /** Ends the measurement. */
  readonly signal: AbortSignal;
}

/**
 * The time of a forward pass, from its programs or from matrix products, which are measured here. No weight is needed.
 *
 * @throws the signal's reason when it aborts
 */
export const measureEvaluationTime = async (
  network: Network,
  { mode, memory }: Pick<EvaluationPlan, "mode" | "memory">,
  { device, available, signal }: TimeOptions,
): Promise<EvaluationTime> => {
  const { graphs, tokens } = evaluationGraphs(network, mode);
  const { num_experts: experts, num_experts_per_tok: chosen, vocab_size: vocabulary } = network.model;
  const { seconds, products, flops, by } = await measureTime(device, graphs, {
    rows: Math.max(1, Math.round((tokens * chosen) / experts)),
    below: { ids: vocabulary, targets: vocabulary },
    // Layer by layer weights are mapped; here they are made up, in float32.
    hasRoom: memory.total + 2 * memory.mapped <= available,
    signal,
  });
  return { tokensPerSecond: tokens / seconds, flopsPerToken: flops / tokens, flopsPerSecond: flops / products, by };
};
