import type { Subgraph } from "#shared/engine/cut.js";
import type { Device } from "#shared/engine/device.js";
import { ADAMW_DEFAULTS, adamw } from "#shared/engine/optim/adamw.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { headName } from "#shared/model/parameters.js";
import { vocabularyAtOnce } from "./layers/head.js";
import { NORM_WEIGHT, normGraphs, rowsGraphs } from "./layers/head-programs.js";
import { layerKinds, lowestTrained } from "./layers/layer-kinds.js";
import { keptShapes, layerGraphs } from "./layers/layer-programs.js";
import { mapValues, type Shapes } from "./objective.js";
import type { TrainStepOptions } from "./train-options.js";
import { compileGradients, compileTraining } from "./train-programs.js";

/** A graph that a step runs, and how often. */
export interface StepGraph extends Subgraph {
  readonly runs: number;
}

export interface WholeGraphOptions extends Omit<TrainStepOptions, "device" | "params"> {
  readonly params: Shapes;
  /** As in `Device`. It decides whether the optimiser runs outside the program. */
  readonly hostMemory: boolean;
}

/** The programs of a step that is one graph: with its optimiser inside there may be two, one for micro-batches but the last. */
export const wholeStepGraphs = async ({
  params: shapes,
  hostMemory,
  ...options
}: WholeGraphOptions): Promise<readonly StepGraph[]> => {
  const { accumulation = 1 } = options;
  const compiled: Subgraph[] = [];
  const device: Device = {
    name: "plan",
    hostMemory,
    mapsFiles: false,
    async compile(graph, outputs) {
      compiled.push({ graph, outputs });
      return { run: () => Promise.reject(new TypeError("a plan does not run")), dispose: async () => undefined };
    },
    upload: () => Promise.reject(new TypeError("a plan holds no tensors")),
  };
  // A graph is built from the parameters' shapes and never reads their elements.
  const params = mapValues(shapes, (shape) => ({ dtype: "float32" as const, shape, data: new Float32Array() }));
  const step = { ...options, params, device };
  if (hostMemory) await compileGradients(step);
  else await compileTraining(step, adamw({ ...ADAMW_DEFAULTS, ...options.adamw }));
  // The last one of two takes the step.
  return compiled.map((subgraph, i) => ({
    ...subgraph,
    runs: compiled.length === 1 ? accumulation : i === 0 ? accumulation - 1 : 1,
  }));
};

/** The programs of a step by layers, and how often `layersStep` runs each of them. */
export const layersStepGraphs = (
  shape: ForwardShape,
  trainable: readonly string[],
  accumulation: number,
): readonly StepGraph[] => {
  const names = new Set(trainable);
  const layers = layerKinds(shape, names);
  const matrix = headName(shape.config);
  const lowest = lowestTrained(layers, names);
  const kinds = [...new Set(layers.map(({ kind }) => kind))];
  const keeps = keptShapes(shape, layers);
  const ofKinds = kinds.flatMap((kind) => {
    const graphs = layerGraphs(shape, kind, keeps.get(kind)!.length);
    const runs = (from: number) => accumulation * layers.slice(from).filter((layer) => layer.kind === kind).length;
    return [
      { ...graphs.forward(), runs: runs(0) },
      { ...graphs.backward(), runs: runs(lowest) },
    ];
  });
  const rows = vocabularyAtOnce(shape);
  const { vocab_size: vocabulary } = shape.config;
  // The last piece is a program of its own where it is smaller.
  const pieces = [
    { size: rows, count: Math.floor(vocabulary / rows) },
    { size: vocabulary % rows, count: 1 },
  ].filter(({ size }) => size > 0);
  const norms = normGraphs(shape, names.has(NORM_WEIGHT));
  const ofPieces = pieces.flatMap(({ size, count }) => {
    const { scores, gradients } = rowsGraphs(shape, size, names.has(matrix));
    const runs = accumulation * count;
    return [
      { ...scores, runs },
      { ...gradients, runs },
    ];
  });
  return [...ofKinds, { ...norms.forward, runs: accumulation }, { ...norms.backward, runs: accumulation }, ...ofPieces];
};
