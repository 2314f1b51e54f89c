import { pullBack } from "#shared/engine/autodiff.js";
import type { Device, Program } from "#shared/engine/device.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import { sizeOf } from "#shared/engine/tensor.js";
import { weightsIn } from "#shared/model/blocks/weights.js";
import { decoderLayer } from "#shared/model/decoder.js";
import { blocksOf } from "#shared/model/families/index.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { batchContext } from "#shared/model/loss.js";
import { mapValues } from "../objective.js";
import { GRADIENT } from "../train-programs.js";
import type { LayerKind } from "./layer-kinds.js";

/** Inputs beside a layer's weights: the hidden state before it [N, d], the gradient of the loss by that after it, and where documents begin. */
export const HIDDEN = "hidden";
export const HIDDEN_GRADIENT = "hidden gradient";
export const STARTS = "starts";
/** What the layer's attention made of the values, by the forward program: [batch, heads, t, width of a value]. */
export const ATTENDED = "attended";

/** What attention made is kept for the backward pass up to so many bytes in all layers together. */
const ATTENDED_BYTES = 256 * 2 ** 20;

/** The shape of what a layer's attention made, where that of all layers is kept for the backward pass, which then makes nothing of it again but its scores. */
export const attendedShape = ({ config, batchSize, sequenceLength, held }: ForwardShape): readonly number[] | null => {
  const { attention } = blocksOf(config);
  const width = attention.kind === "latent" ? attention.value : config.head_dim;
  const shape = [batchSize, config.num_attention_heads, sequenceLength, width];
  return 4 * held.length * sizeOf(shape) <= ATTENDED_BYTES ? shape : null;
};

export interface LayerPrograms {
  /** Outputs: `hidden`, the hidden state after the layer [N, d], and `attended` where that is kept. */
  readonly forward: Program;
  /** Outputs: `hidden gradient`, by the hidden state before it [N, d], and the gradients of the trained weights. It computes the layer once more. */
  readonly backward: Program;
}

/** What the programs of a kind are compiled from. */
export const layerGraphs = (shape: ForwardShape, kind: LayerKind) => {
  const tokens = shape.batchSize * shape.sequenceLength;
  const state = [tokens, shape.config.hidden_size];
  const kept = attendedShape(shape);
  const build = (known: (graph: Graph) => Value | undefined) => {
    const graph = new Graph();
    const hidden = graph.input(HIDDEN, state);
    const values = mapValues(kind.shapes, (size, name) => graph.input(name, size));
    const starts: Record<string, Value> = shape.isolated ? { starts: graph.input(STARTS, [tokens], "int64") } : {};
    const layer = decoderLayer(hidden, {
      shape,
      weights: weightsIn(values, shape.config),
      context: batchContext(graph, starts, shape),
      layer: kind.layer,
      experts: shape.held[kind.layer]!,
      attended: known(graph),
    });
    return { graph, hidden, values, layer };
  };
  return {
    forward: () => {
      const { graph, layer } = build(() => undefined);
      return { graph, outputs: { [HIDDEN]: layer.hidden, ...(kept && { [ATTENDED]: layer.attended }) } };
    },
    backward: () => {
      const { graph, hidden, values, layer } = build((of) => (kept ? of.input(ATTENDED, kept) : undefined));
      const trained = kind.trained.map((name) => values[name]!);
      const grads = pullBack(graph.nodes.slice(), layer.hidden, graph.input(HIDDEN_GRADIENT, state), [
        hidden,
        ...trained,
      ]);
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
