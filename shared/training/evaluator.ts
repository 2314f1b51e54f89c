import type { Device, Tensors } from "#shared/engine/device.js";
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

/** Compiles the loss alone. The parameters are read at every call and never copied. */
export const createEvaluator = async ({ device, ...objective }: EvaluatorOptions): Promise<Evaluator> => {
  const { graph, outputs } = buildObjective(objective);
  const program = await device.compile(graph, outputs);
  return {
    evaluate: async (replaced, batch) => readScalars(await program.run({ ...objective.params, ...replaced, ...batch })),
    dispose: () => program.dispose(),
  };
};
