import type { Subgraph } from "#shared/engine/cut.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import { neededNodes } from "#shared/engine/needed-nodes.js";
import type { Routing } from "#shared/model/blocks/mixture.js";
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
  /** Its inputs that a run has from the beginning, as ids and targets. */
  readonly ofRun: readonly string[];
}

/** A layer; those of one kind hold as many experts, and have the same graph with other names of weights. */
export interface LayerPart extends ModelPart {
  readonly kind: string;
}

/** The graphs of a model's parts. All of them together apply the operators of the whole model's graph to the same values. */
export interface LayerGraphs {
  /** ids int64 [N] → hidden [N, d] */
  readonly embedding: ModelPart;
  /** Layers that runs go through. */
  readonly layers: number;
  /** hidden [N, d], and of isolated documents starts int64 [N] → hidden [N, d], unless nothing follows, and what else is wanted of it */
  layer(layer: number): LayerPart;
  /** hidden [N, d], targets int64 [N] → what is wanted of the losses; null where nothing is */
  readonly head: ModelPart | null;
}

type Values = Readonly<Record<string, Value>>;

/** What a pass is for. */
export interface Wanted {
  /**
   * Of the tokens' losses in nats, 0 where a target is −1: losses [N], targets int64 [N]. Unset: the pass ends with the last layer that has experts.
   */
  readonly ofLosses?: (losses: Value, targets: Value) => Values;
  /** Of what each layer's router did. Inputs that it adds to the graph are a run's. */
  readonly ofRouting?: (routing: Routing, graph: Graph) => Values;
}

/** Those of the mean loss of each batch by its number, of several batches one under the other. @param shape as for `layerGraphs` */
export const lossGraphs = (shape: ForwardShape, batches: number): LayerGraphs & { readonly head: ModelPart } => {
  const graphs = layerGraphs(shape, {
    ofLosses: (losses, targets) => meanLosses(losses, targets, batches).ofBatches,
  });
  return { ...graphs, head: graphs.head! };
};

/** The hidden state's name among inputs and outputs. */
const HIDDEN = "hidden";

/** @param shape `batchSize` is that of all batches of a run */
export const layerGraphs = (shape: ForwardShape, { ofLosses, ofRouting }: Wanted): LayerGraphs => {
  const { config, held, batchSize, sequenceLength } = shape;
  const shapes = parameterShapes(config, held);
  const tokens = batchSize * sequenceLength;
  const { isSparse } = blocksOf(config);
  const hiddenOf = (graph: Graph) => graph.input(HIDDEN, [tokens, config.hidden_size]);
  const namesOf = namesByLayer(shapes, held.length);
  const lastSparse = held.findLastIndex((experts) => experts.length > 0);
  const count = ofLosses ? config.num_hidden_layers : lastSparse + 1;
  const layers = new Map<string, { readonly first: number; readonly part: ModelPart }>();
  const buildLayer = (layer: number, isLast: boolean) =>
    partOf(pick(shapes, namesOf[layer]!), (graph, values) => {
      const inputs = shape.isolated ? { starts: graph.input("starts", [tokens], "int64") } : {};
      const context = batchContext(graph, inputs, shape);
      const weights = weightsIn(values, config);
      const place = { shape, weights, context, layer, experts: held[layer]! };
      const { hidden, routing } = decoderLayer(hiddenOf(graph), place);
      return { ...(!isLast && { [HIDDEN]: hidden }), ...(routing && ofRouting?.(routing, graph)) };
    });
  return {
    embedding: partOf({ [EMBEDDING]: shapes[EMBEDDING]! }, (graph, values) => ({
      [HIDDEN]: embedTokens(graph.input("ids", [tokens], "int64"), weightsIn(values, config), config),
    })),
    layers: count,
    layer(layer) {
      const isLast = !ofLosses && layer === lastSparse;
      const kind = `${isSparse(layer) ? `${held[layer]!.length} experts` : "dense"}${isLast ? ", the last" : ""}`;
      const known = layers.get(kind) ?? { first: layer, part: buildLayer(layer, isLast) };
      layers.set(kind, known);
      // Layers of a kind list their weights in the same order.
      const nameHere = new Map(namesOf[known.first]!.map((name, i) => [name, namesOf[layer]![i]!]));
      const weights = [...known.part.weights.keys()].map((name) => [name, nameHere.get(name)!] as const);
      return { ...known.part, kind, weights: new Map(weights) };
    },
    head: ofLosses
      ? partOf(pick(shapes, ["model.norm.weight", headName(config)]), (graph, values) => {
          const targets = graph.input("targets", [tokens], "int64");
          return ofLosses(headLosses(hiddenOf(graph), values, targets, shape), targets);
        })
      : null,
  };
};

type Shapes = Readonly<Record<string, readonly number[]>>;

const pick = (shapes: Shapes, names: readonly string[]): Shapes =>
  Object.fromEntries(names.map((name) => [name, shapes[name]!]));

const LAYER = /^model\.layers\.(\d+)\./;

/** The names of each layer's weights, in the order of `parameterShapes`. */
const namesByLayer = (shapes: Shapes, layers: number): readonly (readonly string[])[] => {
  const names: string[][] = Array.from({ length: layers }, () => []);
  for (const name of Object.keys(shapes)) {
    const layer = LAYER.exec(name)?.[1];
    if (layer !== undefined) names[Number(layer)]!.push(name);
  }
  return names;
};

/** A part, of which `shapes` are the weights that it may need. */
const partOf = (shapes: Shapes, build: (graph: Graph, values: Values) => Values): ModelPart => {
  const graph = new Graph();
  const values = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]): [string, Value] => [name, graph.input(name, shape)]),
  );
  const outputs = build(graph, values);
  const needed = new Set(neededNodes(graph, Object.values(outputs)).flatMap(({ inputs }) => inputs));
  const inputs = graph.inputs.filter((input) => needed.has(input)).map(({ name }) => name);
  return {
    graph,
    outputs,
    weights: new Map(inputs.filter((name) => name in shapes).map((name) => [name, name])),
    ofRun: inputs.filter((name) => !(name in shapes) && name !== HIDDEN),
  };
};
