import type { Device, DeviceTensor, Tensors } from "#shared/engine/device.js";
import { buildObjective, type NamedFloats, type ObjectiveOptions, readScalars } from "./objective.js";

export interface EvaluatorOptions extends ObjectiveOptions {
  readonly device: Device;
}

export interface Evaluation {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface Evaluator {
  /**
   * Loss on one batch with some parameters replaced (none: `{}`), so that a base and every update of it go through one
   * program. Throws GRAPH_FEED for an unknown parameter or one of another shape.
   */
  evaluate(replaced: NamedFloats, batch: Tensors): Promise<Evaluation>;
  dispose(): Promise<void>;
}

/** Compiles the loss alone. The parameters go to the device once; where that computes in host memory they are not copied. */
export const createEvaluator = async ({ device, ...objective }: EvaluatorOptions): Promise<Evaluator> => {
  const { graph, outputs } = buildObjective(objective);
  const program = await device.compile(graph, outputs);
  const base: Record<string, DeviceTensor> = {};
  for (const [name, tensor] of Object.entries(objective.params)) base[name] = await device.upload(tensor);
  return {
    evaluate: async (replaced, batch) => readScalars(await program.run({ ...base, ...replaced, ...batch })),
    async dispose() {
      for (const tensor of Object.values(base)) tensor.dispose();
      await program.dispose();
    },
  };
};
