import { cutGraph } from "#shared/engine/cut.js";
import type { Device, DeviceTensor, Tensors } from "#shared/engine/device.js";
import { buildObjective, type NamedFloats, type ObjectiveOptions, readScalars } from "#shared/training/objective.js";

export interface EvaluatorOptions extends ObjectiveOptions {
  readonly device: Device;
}

export interface Evaluation {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface Evaluator {
  /**
   * Loss on one batch with some parameters replaced (none: `{}`). The base and all of its updates use the same program. Throws GRAPH_FEED
   * for an unknown parameter or one of another shape.
   */
  evaluate(replaced: NamedFloats, batch: Tensors): Promise<Evaluation>;
  /**
   * The same in two programs, for models that differ only in the parameters with these names: `prepare` computes what the models have in
   * common. Gives the losses of `evaluate` bit for bit. Compiled on the first request for the names.
   */
  cutAt(names: readonly string[]): Promise<CutEvaluator>;
  dispose(): Promise<void>;
}

export interface CutEvaluator {
  /** Computes what depends only on the batch and on all other parameters. `evaluate` takes the result in place of the batch. */
  prepare(replaced: NamedFloats, batch: Tensors): Promise<Tensors>;
  /** @param replaced as for `prepare`, with the measured values of the named parameters */
  evaluate(replaced: NamedFloats, prepared: Tensors): Promise<Evaluation>;
}

/** Compiles only the loss. The parameters are sent to the device once. A device that computes in host memory does not copy them. */
export const createEvaluator = async ({ device, ...objective }: EvaluatorOptions): Promise<Evaluator> => {
  const built = buildObjective(objective);
  const program = await device.compile(built.graph, built.outputs);
  const base: Record<string, DeviceTensor> = {};
  for (const [name, tensor] of Object.entries(objective.params)) base[name] = await device.upload(tensor);

  const evaluate: Evaluator["evaluate"] = async (replaced, batch) =>
    readScalars(await program.run({ ...base, ...replaced, ...batch }));
  const compileCut = async (names: readonly string[]) => {
    // On a graphics card, the values at the cut would go to the host and back for every model.
    if (!device.hostMemory)
      return { prepare: async (_: NamedFloats, batch: Tensors) => batch, evaluate, dispose: async () => {} };
    const { fixed, varying } = cutGraph(built, new Set(names));
    const before = await device.compile(fixed.graph, fixed.outputs);
    const after = await device.compile(varying.graph, varying.outputs).catch(async (thrown: unknown) => {
      await before.dispose();
      throw thrown;
    });
    return {
      prepare: async (replaced: NamedFloats, batch: Tensors) => ({
        ...batch,
        ...(await before.run({ ...base, ...replaced, ...batch })),
      }),
      evaluate: async (replaced: NamedFloats, prepared: Tensors) =>
        readScalars(await after.run({ ...base, ...replaced, ...prepared })),
      async dispose() {
        await before.dispose();
        await after.dispose();
      },
    };
  };
  const cuts = new Map<string, ReturnType<typeof compileCut>>();
  return {
    evaluate,
    cutAt(names) {
      const key = [...names].sort().join("\n");
      const known = cuts.get(key);
      if (known) return known;
      const cut = compileCut(names);
      cuts.set(key, cut);
      // A later request may succeed.
      cut.catch(() => cuts.delete(key));
      return cut;
    },
    async dispose() {
      for (const cut of cuts.values()) await (await cut).dispose();
      for (const tensor of Object.values(base)) tensor.dispose();
      await program.dispose();
    },
  };
};
