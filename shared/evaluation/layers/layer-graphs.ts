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

/** A layer; those of one kind have the same graph, with other names of weights. */
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

/** @param shape with all experts; `batchSize` is that of all batches of a run */
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
  const prefixOf = (layer: number) => `model.layers.${layer}.`;
  const layers = new Map<string, { readonly first: number; readonly part: ModelPart }>();
  const buildLayer = (layer: number) =>
    part(
      Object.keys(shapes).filter((name) => name.startsWith(prefixOf(layer))),
      (graph, values) => {
        const hidden = graph.input("hidden", [tokens, config.hidden_size]);
        const inputs = shape.isolated ? { starts: graph.input("starts", [tokens], "int64") } : {};
        const context = batchContext(graph, inputs, shape);
        const weights = weightsIn(values, config);
        return { hidden: decoderLayer(hidden, { shape, weights, context, layer, experts: held[layer]! }).hidden };
      },
    );
  return {
    embedding: part([EMBEDDING], (graph, values) => ({
      hidden: embedTokens(graph.input("ids", [tokens], "int64"), weightsIn(values, config), config),
    })),
    layer(layer) {
      const kind = isSparse(layer) ? "sparse" : "dense";
      const known = layers.get(kind) ?? { first: layer, part: buildLayer(layer) };
      layers.set(kind, known);
      const names = [...known.part.weights.keys()];
      const renamed = names.map((name) => prefixOf(layer) + name.slice(prefixOf(known.first).length));
      return { ...known.part, kind, weights: new Map(names.map((name, i) => [name, renamed[i]!])) };
    },
    head: part(["model.norm.weight", headName(config)], (graph, values) => {
      const hidden = graph.input("hidden", [tokens, config.hidden_size]);
      const targets = graph.input("targets", [tokens], "int64");
      return meanLosses(headLosses(hidden, values, targets, shape), targets, batches).ofBatches;
    }),
  };
};
