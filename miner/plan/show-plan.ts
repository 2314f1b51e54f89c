import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import type { TrainingPlan } from "./plan.js";

/** Shows the memory that training takes by its plan, of all workers. */
export const showPlan = (
  { memory, workers }: Pick<TrainingPlan, "memory" | "workers">,
  instruments: Instruments,
): void => {
  const parts = {
    frozen: memory.frozen,
    trained: memory.trained,
    moments: memory.moments,
    gradients: memory.gradients,
    gradient_sums: memory.gradientSums,
    spare: memory.spare,
    activations: memory.activations,
    runtime: memory.runtime,
  } as const;
  for (const part of Object.keys(parts) as (keyof typeof parts)[])
    instruments.set("blockzero_training_planned_memory_bytes", workers * parts[part], { part });
};
