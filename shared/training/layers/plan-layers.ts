import { BYTES, sizeOf } from "#shared/engine/tensor.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { countParameters } from "#shared/model/parameters.js";
import { programShapes } from "#shared/model/whole-routers.js";
import type { Shapes } from "../objective.js";
import type { StepMemory } from "../plan.js";
import { peakOf } from "../plan-peak.js";
import { layersStepGraphs } from "../step-graphs.js";
import { vocabularyAtOnce } from "./head.js";
import { layerKinds } from "./layer-kinds.js";
import { keptShapes } from "./layer-programs.js";

export interface LayersPlanOptions {
  readonly shape: ForwardShape;
  readonly trainable: readonly string[];
  readonly accumulation: number;
}

/** States of the size of a hidden one that the head keeps beside those of the layers. */
const HEAD_STATES = 4;

/**
 * The memory of a step by layers, as `planStep` counts that of the whole graph's. Frozen weights are those of one layer, or of one piece of the
 * vocabulary, and what was read before and waits to be collected.
 */
export const planLayers = ({ shape, trainable, accumulation }: LayersPlanOptions): StepMemory => {
  const { config } = shape;
  const tokens = shape.batchSize * shape.sequenceLength;
  const names = new Set(trainable);
  const layers = layerKinds(shape, names);
  const kinds = [...new Set(layers.map(({ kind }) => kind))];
  const bytesOf = (shapes: Shapes, keep: (name: string) => boolean) =>
    BYTES.float32 * countParameters(Object.fromEntries(Object.entries(shapes).filter(([name]) => keep(name))));
  const most = (each: (kind: (typeof kinds)[number]) => number) => Math.max(0, ...kinds.map(each));

  const all = programShapes(shape);
  const trained = bytesOf(all, (name) => names.has(name));
  const frozenOf = (kind: (typeof kinds)[number]) => bytesOf(kind.shapes, (name) => !kind.trained.includes(name));
  const piece = vocabularyAtOnce(shape);
  const rows = BYTES.float32 * piece * config.hidden_size;
  const state = BYTES.float32 * tokens * config.hidden_size;

  const keeps = keptShapes(shape, layers);
  const keptOf = (kind: (typeof kinds)[number]) => keeps.get(kind)!.reduce((sum, each) => sum + sizeOf(each), 0);
  const kept = BYTES.float32 * layers.reduce((sum, { kind }) => sum + keptOf(kind), 0);

  const graphs = layersStepGraphs(shape, trainable, accumulation);
  const activations = [
    (layers.length + 1 + HEAD_STATES) * state + kept,
    ...graphs.map(({ graph, outputs }) => peakOf(graph, Object.values(outputs), tokens)),
  ];
  return {
    frozen: 2 * Math.max(most(frozenOf), rows),
    trained,
    moments: 2 * trained,
    gradients: trained,
    gradientSums: accumulation > 1 ? most((kind) => bytesOf(kind.shapes, (name) => kind.trained.includes(name))) : 0,
    spare: 0,
    activations: activations.reduce((sum, bytes) => sum + bytes, 0),
  };
};
