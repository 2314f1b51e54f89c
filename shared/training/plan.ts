import type { Device } from "#shared/engine/device.js";
import { ADAMW_DEFAULTS, adamw } from "#shared/engine/optim/adamw.js";
import { mapValues } from "./objective.js";
import { BYTES, peakOf } from "./plan-peak.js";
import type { Shapes } from "./step-backend.js";
import type { TrainStepOptions } from "./train-options.js";
import { compileGradients, compileTraining } from "./train-programs.js";

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

export interface PlanOptions extends Omit<TrainStepOptions, "device" | "params"> {
  readonly params: Shapes;
  /** As in `Device`. It decides whether the optimiser runs outside the program. */
  readonly hostMemory: boolean;
  /** Greatest number of rows of one part, if an operator splits its input into parts whose sizes are only known at run time. */
  readonly mostRows: number;
}

/**
 * The memory of a training step, computed from the same graph that is compiled. Counts every expert's rows as in the worst routing, and
 * assumes that a program keeps the memory for intermediate results between its runs.
 */
export const planStep = async ({
  mostRows,
  params: shapes,
  hostMemory,
  ...options
}: PlanOptions): Promise<StepMemory> => {
  let activations = 0;
  const device: Device = {
    name: "plan",
    hostMemory,
    mapsFiles: false,
    async compile(graph, outputs) {
      activations += peakOf(graph, Object.values(outputs), mostRows);
      return { run: () => Promise.reject(new TypeError("a plan does not run")), dispose: async () => undefined };
    },
    upload: () => Promise.reject(new TypeError("a plan holds no tensors")),
  };
  // A graph is built from the parameters' shapes and never reads their elements.
  const params = mapValues(shapes, (shape) => ({ dtype: "float32" as const, shape, data: new Float32Array() }));
  const step = { ...options, params, device };
  if (hostMemory) await compileGradients(step);
  else await compileTraining(step, adamw({ ...ADAMW_DEFAULTS, ...options.adamw }));

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
