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
  /** Parameters that are. */
  readonly trained: number;
  /** AdamW's two moments. */
  readonly moments: number;
  /** Where the optimiser follows beside the program; else they are intermediate results. */
  readonly gradients: number;
  /** Beside the program a further micro-batch's gradients, before they are added; in it the sums, which one run reads and the next writes. */
  readonly gradientSums: number;
  /** Parameters and moments once more, where the program itself steps: it reads one set and writes the other. */
  readonly spare: number;
  /** Intermediate results that are alive at once when most are: those kept for the backward pass, and passing ones. */
  readonly activations: number;
}

export interface PlanOptions extends Omit<TrainStepOptions, "device" | "params"> {
  readonly params: Shapes;
  /** As of the device: which way it steps. */
  readonly hostMemory: boolean;
  /** Rows of one part at most, where an operator splits its input into parts whose sizes are only known at run time. */
  readonly mostRows: number;
}

/**
 * The memory of a training step, from the very graph that it is compiled from. Every expert's rows are counted as in the worst
 * routing, and a program's memory for intermediate results as kept between its runs.
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
    async compile(graph, outputs) {
      activations += peakOf(graph, Object.values(outputs), mostRows);
      return { run: () => Promise.reject(new TypeError("a plan does not run")), dispose: async () => undefined };
    },
    upload: () => Promise.reject(new TypeError("a plan holds no tensors")),
  };
  // A graph is built from the parameters' shapes and never looks at their elements.
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
