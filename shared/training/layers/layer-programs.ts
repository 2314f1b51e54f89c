import { pullBack } from "#shared/engine/autodiff.js";
import type { Device, Program } from "#shared/engine/device.js";
import { Graph, type Value } from "#shared/engine/graph.js";
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

export interface LayerPrograms {
  /** Output `hidden`: the hidden state after the layer [N, d]. */
  readonly forward: Program;
  /** Outputs: `hidden gradient`, by the hidden state before it [N, d], and the gradients of the trained weights. It computes the layer once more. */
  readonly backward: Program;
}

/** What the programs of a kind are compiled from. */
export const layerGraphs = (shape: ForwardShape, kind: LayerKind) => {
  const tokens = shape.batchSize * shape.sequenceLength;
  const state = [tokens, shape.config.hidden_size];
  const build = () => {
    const graph = new Graph();
    const hidden = graph.input(HIDDEN, state);
    const values = mapValues(kind.shapes, (size, name) => graph.input(name, size));
    const starts: Record<string, Value> = shape.isolated ? { starts: graph.input(STARTS, [tokens], "int64") } : {};
    const after = decoderLayer(hidden, {
      shape,
      weights: weightsIn(values, shape.config),
      context: batchContext(graph, starts, shape),
      layer: kind.layer,
      experts: shape.held[kind.layer]!,
    }).hidden;
    return { graph, hidden, values, after };
  };
  return {
    forward: () => {
      const { graph, after } = build();
      return { graph, outputs: { [HIDDEN]: after } };
    },
    backward: () => {
      const { graph, hidden, values, after } = build();
      const trained = kind.trained.map((name) => values[name]!);
      const grads = pullBack(graph.nodes.slice(), after, graph.input(HIDDEN_GRADIENT, state), [hidden, ...trained]);
      const outputs = Object.fromEntries(
        [HIDDEN_GRADIENT, ...kind.trained.map((name) => GRADIENT + name)].map((name, i) => [name, grads[i]!] as const),
      );
      return { graph, outputs };
    },
  };
};

export const compileLayer = async (device: Device, shape: ForwardShape, kind: LayerKind): Promise<LayerPrograms> => {
  const graphs = layerGraphs(shape, kind);
  const [forward, backward] = [graphs.forward(), graphs.backward()];
  return {
    forward: await device.compile(forward.graph, forward.outputs),
    backward: await device.compile(backward.graph, backward.outputs),
  };
};
