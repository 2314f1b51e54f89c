import { BYTES } from "#shared/engine/tensor.js";
import { peakOf } from "./plan-peak.js";
import { type WholeGraphOptions, wholeStepGraphs } from "./step-graphs.js";

/** Bytes that a training step holds. */
export interface StepMemory {
  /** Parameters that are not trained. */
  readonly frozen: number;
  /** Parameters that are trained. */
  readonly trained: number;
  /** AdamW's two moments. */
  readonly moments: number;
  /** Only if the optimiser runs outside the program. Inside it, gradients are intermediate results. */
  readonly gradients: number;
  /**
   * With the optimiser outside the program: the gradients of a further micro-batch, before they are added. Inside: the sums, which one run
   * reads and the next writes.
   */
  readonly gradientSums: number;
  /** A second set of parameters and moments, if the program itself takes the step: it reads one set and writes the other. */
  readonly spare: number;
  /** Greatest size of the intermediate results that are alive at once: those kept for the backward pass, and temporary ones. */
  readonly activations: number;
}

export interface PlanOptions extends WholeGraphOptions {
  /** Greatest number of rows of one part, if an operator splits its input into parts whose sizes are only known at run time. */
  readonly mostRows: number;
}

/**
 * The memory of a training step, computed from the same graph that is compiled. Counts every expert's rows as in the worst routing, and
 * assumes that a program keeps the memory for intermediate results between its runs.
 */
export const planStep = async ({ mostRows, ...options }: PlanOptions): Promise<StepMemory> => {
  const { params: shapes, hostMemory } = options;
  const graphs = await wholeStepGraphs(options);
  const activations = graphs.reduce(
    (sum, { graph, outputs }) => sum + peakOf(graph, Object.values(outputs), mostRows),
    0,
  );

  const floats = (keep: (name: string) => boolean) =>
    Object.entries(shapes).reduce(
      (sum, [name, shape]) => sum + (keep(name) ? BYTES.float32 * shape.reduce((size, dim) => size * dim, 1) : 0),
      0,
    );
  const names = new Set(options.trainable);
  const trained = floats((name) => names.has(name));
  const accumulates = (options.accumulation ?? 1) > 1;
  return {
    frozen: floats((name) => !names.has(name)),
    trained,
    moments: 2 * trained,
    gradients: hostMemory ? trained : 0,
    gradientSums: accumulates ? (hostMemory ? 1 : 2) * trained : 0,
    spare: hostMemory ? 0 : 3 * trained,
    activations,
  };
};
