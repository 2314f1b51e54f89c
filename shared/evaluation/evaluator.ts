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
   * Loss on one batch with some parameters replaced (none: `{}`), so that a base and every update of it go through one
   * program. Throws GRAPH_FEED for an unknown parameter or one of another shape.
   */
  evaluate(replaced: NamedFloats, batch: Tensors): Promise<Evaluation>;
  /**
   * The same in two programs, for models that differ in the parameters of these names alone: `prepare` computes what they have in
   * common. Bit for bit `evaluate`'s losses. Compiled when first asked for the names.
   */
  cutAt(names: readonly string[]): Promise<CutEvaluator>;
  dispose(): Promise<void>;
}

export interface CutEvaluator {
  /** What a batch and the parameters of all other names come to: in place of the batch for `evaluate`. */
  prepare(replaced: NamedFloats, batch: Tensors): Promise<Tensors>;
  /** @param replaced as for `prepare`, with the parameters of the cut's names as they are to be measured */
  evaluate(replaced: NamedFloats, prepared: Tensors): Promise<Evaluation>;
}

/** Compiles the loss alone. The parameters go to the device once; where that computes in host memory they are not copied. */
export const createEvaluator = async ({ device, ...objective }: EvaluatorOptions): Promise<Evaluator> => {
  const built = buildObjective(objective);
  const program = await device.compile(built.graph, built.outputs);
  const base: Record<string, DeviceTensor> = {};
  for (const [name, tensor] of Object.entries(objective.params)) base[name] = await device.upload(tensor);

  const evaluate: Evaluator["evaluate"] = async (replaced, batch) =>
    readScalars(await program.run({ ...base, ...replaced, ...batch }));
  const compileCut = async (names: readonly string[]) => {
    // On a card, what crosses the cut would travel to the host and back for every model.
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
      // Whoever asks again may have more luck.
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
