import { Graph, type Value } from "#shared/engine/graph.js";
import { reshape, slice } from "#shared/engine/ops/index.js";
import { weightsIn } from "#shared/model/blocks/weights.js";
import { decoderLayer, embedTokens } from "#shared/model/decoder.js";
import { plainContext } from "#shared/model/forward-context.js";
import { parameterShapes } from "#shared/model/parameters.js";
import { type FloatDials, matricesOf, modelOf } from "./dials.js";

/**
 * The transformer as a graph over a batch of nonces: from `x`, vectors [batch · sequence, width] or tokens int64 [batch · sequence], and the
 * matrices by their names, to `y` [batch, width], the last vector of each sequence after the last layer. There is no last norm: with weights of 1
 * it changes no direction.
 */
export const buildTransformer = (
  dials: FloatDials,
  batch: number,
): { readonly graph: Graph; readonly outputs: { readonly y: Value } } => {
  const { width, sequence, vocabulary } = dials;
  const config = modelOf(dials);
  const held = Array.from({ length: dials.layers }, () => []);
  const shape = { config, held, batchSize: batch, sequenceLength: sequence };
  const graph = new Graph();
  const values: Record<string, Value> = {};
  for (const [name, size] of Object.entries(parameterShapes(config)))
    if (size.length === 1) values[name] = graph.constant(new Float32Array(size[0]!).fill(1), size);
  for (const [name, size] of matricesOf(dials)) values[name] = graph.input(name, size);
  const weights = weightsIn(values, config);
  const context = plainContext(graph, shape);
  const rows = batch * sequence;
  let hidden =
    vocabulary === null
      ? graph.input("x", [rows, width])
      : embedTokens(graph.input("x", [rows], "int64"), weights, config);
  for (let layer = 0; layer < dials.layers; layer++)
    hidden = decoderLayer(hidden, { shape, weights, context, layer, experts: [] }).hidden;
  const sequences = reshape(hidden, [batch, sequence, width]);
  const last = slice(sequences, { axis: 1, start: sequence - 1, end: sequence });
  return { graph, outputs: { y: reshape(last, [batch, width]) } };
};
