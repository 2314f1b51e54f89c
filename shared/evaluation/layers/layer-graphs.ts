import type { Subgraph } from "#shared/engine/cut.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import { weightsIn } from "#shared/model/blocks/weights.js";
import { decoderLayer, embedTokens } from "#shared/model/decoder.js";
import { blocksOf } from "#shared/model/families/index.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { headLosses } from "#shared/model/head-losses.js";
import { batchContext, meanLosses } from "#shared/model/loss.js";
import { EMBEDDING, headName, parameterShapes } from "#shared/model/parameters.js";

/** A part of the model as a graph. Beside weights its inputs are of a run of windows. */
export interface ModelPart extends Subgraph {
  /** The weights that the part needs: the graph's name of each → that of the model. */
  readonly weights: ReadonlyMap<string, string>;
}

/** A layer; those of one kind hold as many experts, and have the same graph with other names of weights. */
export interface LayerPart extends ModelPart {
  readonly kind: string;
}

/** The graphs of a model's parts. All of them together apply the operators of the whole model's graph to the same values. */
export interface LayerGraphs {
  /** ids int64 [N] → hidden [N, d] */
  readonly embedding: ModelPart;
  /** hidden [N, d], and of isolated documents starts int64 [N] → hidden [N, d] */
  layer(layer: number): LayerPart;
  /** hidden [N, d], targets int64 [N] → the mean loss of each batch by its number */
  readonly head: ModelPart;
}

/** @param shape `batchSize` is that of all batches of a run */
export const layerGraphs = (shape: ForwardShape, batches: number): LayerGraphs => {
  const { config, held, batchSize, sequenceLength } = shape;
  const shapes = parameterShapes(config, held);
  const tokens = batchSize * sequenceLength;
  const { isSparse } = blocksOf(config);
  const part = (
    names: readonly string[],
    build: (graph: Graph, values: Readonly<Record<string, Value>>) => Subgraph["outputs"],
  ) => {
    const graph = new Graph();
    const values = Object.fromEntries(names.map((name): [string, Value] => [name, graph.input(name, shapes[name]!)]));
    return { graph, outputs: build(graph, values), weights: new Map(names.map((name) => [name, name])) };
  };
  const namesOf = namesByLayer(shapes, held.length);
  const layers = new Map<string, ModelPart>();
  const buildLayer = (layer: number) =>
    part(namesOf[layer]!, (graph, values) => {
      const hidden = graph.input("hidden", [tokens, config.hidden_size]);
      const inputs = shape.isolated ? { starts: graph.input("starts", [tokens], "int64") } : {};
      const context = batchContext(graph, inputs, shape);
      const weights = weightsIn(values, config);
      return { hidden: decoderLayer(hidden, { shape, weights, context, layer, experts: held[layer]! }).hidden };
    });
  return {
    embedding: part([EMBEDDING], (graph, values) => ({
      hidden: embedTokens(graph.input("ids", [tokens], "int64"), weightsIn(values, config), config),
    })),
    layer(layer) {
      const kind = isSparse(layer) ? `${held[layer]!.length} experts` : "dense";
      const known = layers.get(kind) ?? buildLayer(layer);
      layers.set(kind, known);
      // Layers of a kind list their weights in the same order.
      const names = [...known.weights.keys()].map((name, i) => [name, namesOf[layer]![i]!] as const);
      return { ...known, kind, weights: new Map(names) };
    },
    head: part(["model.norm.weight", headName(config)], (graph, values) => {
      const hidden = graph.input("hidden", [tokens, config.hidden_size]);
      const targets = graph.input("targets", [tokens], "int64");
      return meanLosses(headLosses(hidden, values, targets, shape), targets, batches).ofBatches;
    }),
  };
};

const LAYER = /^model\.layers\.(\d+)\./;

/** The names of each layer's weights, in the order of `parameterShapes`. */
const namesByLayer = (shapes: Readonly<Record<string, unknown>>, layers: number): readonly (readonly string[])[] => {
  const names: string[][] = Array.from({ length: layers }, () => []);
  for (const name of Object.keys(shapes)) {
    const layer = LAYER.exec(name)?.[1];
    if (layer !== undefined) names[Number(layer)]!.push(name);
  }
  return names;
};
