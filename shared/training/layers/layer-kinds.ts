import type { ForwardShape } from "#shared/model/forward.js";
import { EMBEDDING } from "#shared/model/parameters.js";
import { programShapes } from "#shared/model/whole-routers.js";
import type { Shapes } from "../objective.js";

/** Layers that differ in nothing but their weights' elements, so that one program serves all of them. */
export interface LayerKind {
  /** The first of them; the program's inputs have its tensors' names. */
  readonly layer: number;
  readonly shapes: Shapes;
  /** Which of its tensors are trained. */
  readonly trained: readonly string[];
}

/** A layer, and the program that it runs. */
export interface KindedLayer {
  readonly kind: LayerKind;
  /** From the kind's tensors' names to the layer's own. */
  readonly names: ReadonlyMap<string, string>;
}

/** Each layer of a model with its kind. Layers of a kind hold as many experts and train the same of their tensors. */
export const layerKinds = (
  shape: Pick<ForwardShape, "config" | "held" | "heldAffinity">,
  trainable: ReadonlySet<string>,
): readonly KindedLayer[] => {
  const { held } = shape;
  const byLayer = held.map((): [string, readonly number[]][] => []);
  for (const entry of Object.entries(programShapes(shape))) {
    const layer = LAYER.exec(entry[0])?.[1];
    if (layer !== undefined) byLayer[Number(layer)]!.push(entry);
  }
  const kinds = new Map<string, { kind: LayerKind; locals: ReadonlyMap<string, string> }>();
  return held.map((experts, layer) => {
    const prefix = `model.layers.${layer}.`;
    const own = byLayer[layer]!;
    const slots = new Map(experts.map((expert, slot) => [expert, slot]));
    const local = (name: string) =>
      name.slice(prefix.length).replace(EXPERT, (_, expert: string) => `mlp.experts.#${slots.get(Number(expert))}.`);
    const key = JSON.stringify(own.map(([name, shape]) => [local(name), shape, trainable.has(name)]));
    const known = kinds.get(key) ?? {
      kind: {
        layer,
        shapes: Object.fromEntries(own),
        trained: own.map(([name]) => name).filter((name) => trainable.has(name)),
      },
      locals: new Map(own.map(([name]) => [local(name), name])),
    };
    kinds.set(key, known);
    return { kind: known.kind, names: new Map(own.map(([name]) => [known.locals.get(local(name))!, name])) };
  });
};

/** Index of the lowest layer that the backward pass reaches: 0 if the embedding is trained, the number of layers if nothing of them is. */
export const lowestTrained = (layers: readonly KindedLayer[], trainable: ReadonlySet<string>): number => {
  if (trainable.has(EMBEDDING)) return 0;
  const lowest = layers.findIndex(({ kind }) => kind.trained.length > 0);
  return lowest === -1 ? layers.length : lowest;
};

const LAYER = /^model\.layers\.(\d+)\./;
const EXPERT = /^mlp\.experts\.(\d+)\./;
