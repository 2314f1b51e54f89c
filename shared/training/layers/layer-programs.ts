import { pullBack } from "#shared/engine/autodiff.js";
import type { Subgraph } from "#shared/engine/cut.js";
import type { Device, Program } from "#shared/engine/device.js";
import { Graph, type Value, type Values } from "#shared/engine/graph.js";
import { remake } from "#shared/engine/remake.js";
import { supply } from "#shared/engine/supply.js";
import { sizeOf } from "#shared/engine/tensor.js";
import { weightsIn } from "#shared/model/blocks/weights.js";
import { decoderLayer } from "#shared/model/decoder.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { batchContext } from "#shared/model/loss.js";
import { mapValues } from "../objective.js";
import { GRADIENT } from "../train-programs.js";
import type { LayerKind } from "./layer-kinds.js";

/** Inputs beside a layer's weights: the hidden state before it [N, d], the gradient of the loss by that after it, and where documents begin. */
export const HIDDEN = "hidden";
export const HIDDEN_GRADIENT = "hidden gradient";
export const STARTS = "starts";
/** What the forward program made and the backward program need not make again, by the place among what a layer could keep. */
export const keptName = (place: number): string => `kept ${place}`;

/** Of what layers make, so many bytes in all layers together are kept for the backward pass. */
const KEPT_BYTES = 256 * 2 ** 20;

/**
 * The shapes of what a layer of each kind keeps: as many of the first as fit for all layers together, so that each kind keeps as far down its list
 * as the others.
 */
export const keptShapes = (
  shape: ForwardShape,
  layers: readonly { readonly kind: LayerKind }[],
): ReadonlyMap<LayerKind, readonly (readonly number[])[]> => {
  const kinds = [...new Set(layers.map(({ kind }) => kind))];
  const makes = new Map(kinds.map((kind) => [kind, layerOf(shape, kind).layer.kept.map(shapesOf)]));
  const bytesOf = (count: number) =>
    layers.reduce((sum, { kind }) => sum + 4 * sumSizes(makes.get(kind)!.slice(0, count).flat()), 0);
  let count = Math.max(...[...makes.values()].map(({ length }) => length));
  while (count > 0 && bytesOf(count) > KEPT_BYTES) count--;
  return new Map(kinds.map((kind) => [kind, makes.get(kind)!.slice(0, count).flat()]));
};

const shapesOf = (values: Values): readonly (readonly number[])[] => values.map(({ shape }) => shape.map(Number));

const sumSizes = (shapes: readonly (readonly number[])[]): number =>
  shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);

export interface LayerPrograms {
  /** Outputs: `hidden`, the hidden state after the layer [N, d], and what is kept. */
  readonly forward: Program;
  /**
   * Outputs: `hidden gradient`, by the hidden state before it [N, d], and the gradients of the trained weights. It computes once more what was not
   * kept of the layer.
   */
  readonly backward: Program;
}

/** One layer of a kind as a graph. */
const layerOf = (shape: ForwardShape, kind: LayerKind) => {
  const tokens = shape.batchSize * shape.sequenceLength;
  const graph = new Graph();
  const hidden = graph.input(HIDDEN, [tokens, shape.config.hidden_size]);
  const values = mapValues(kind.shapes, (size, name) => graph.input(name, size));
  const starts: Record<string, Value> = shape.isolated ? { starts: graph.input(STARTS, [tokens], "int64") } : {};
  const layer = decoderLayer(hidden, {
    shape,
    weights: weightsIn(values, shape.config),
    context: batchContext(graph, starts, shape),
    layer: kind.layer,
    experts: shape.held[kind.layer]!,
  });
  return { graph, hidden, values, layer };
};

/**
 * What the programs of a kind are compiled from.
 *
 * @param kept how many of the values in a layer's `kept`, one entry after the other, the backward program is given
 */
export const layerGraphs = (shape: ForwardShape, kind: LayerKind, kept: number) => ({
  forward: (): Subgraph => {
    const { graph, layer } = layerOf(shape, kind);
    const made = layer.kept
      .flat()
      .slice(0, kept)
      .map((value, place) => [keptName(place), value] as const);
    return { graph, outputs: { [HIDDEN]: layer.hidden, ...Object.fromEntries(made) } };
  },
  backward: (): Subgraph => {
    const { graph, hidden, values, layer } = layerOf(shape, kind);
    const given = graph.input(HIDDEN_GRADIENT, hidden.shape);
    const wanted = [hidden, ...kind.trained.map((name) => values[name]!)];
    const grads = pullBack(graph.nodes.slice(), layer.hidden, given, wanted, { waits: true });
    const names = [HIDDEN_GRADIENT, ...kind.trained.map((name) => GRADIENT + name)];
    const outputs = Object.fromEntries(names.map((name, i) => [name, grads[i]!]));
    const made = layer.kept
      .flat()
      .slice(0, kept)
      .map((value, place) => [value, keptName(place)] as const);
    return remake(supply({ graph, outputs }, new Map(made)), []);
  },
});

export const compileLayer = async (
  device: Device,
  shape: ForwardShape,
  { kind, kept }: { readonly kind: LayerKind; readonly kept: number },
): Promise<LayerPrograms> => {
  const graphs = layerGraphs(shape, kind, kept);
  const [forward, backward] = [graphs.forward(), graphs.backward()];
  return {
    forward: await device.compile(forward.graph, forward.outputs),
    backward: await device.compile(backward.graph, backward.outputs),
  };
};
