import type { Subgraph } from "#shared/engine/cut.js";
import { Graph } from "#shared/engine/graph.js";
import { lossGraphs } from "#shared/evaluation/layers/layer-graphs.js";
import { batchesOfRun } from "#shared/evaluation/loss-meter.js";
import { batchInputs, batchLosses } from "#shared/model/loss.js";
import { allExperts, parameterShapes } from "#shared/model/parameters.js";
import { windowsOf } from "#shared/model/windows.js";
import type { CountedGraph } from "#shared/planning/graph-work.js";
import type { Network } from "#shared/protocol/network.js";
import { mapValues } from "#shared/training/objective.js";

/** The shape of a run, and how many batches it is of. */
export const runOf = ({ model, data }: Pick<Network, "model" | "data">, batchSize: number) => {
  const together = batchesOfRun(batchSize, data);
  const shape = { config: model, held: allExperts(model), ...windowsOf(data, together * batchSize) };
  return { together, shape, tokens: shape.batchSize * shape.sequenceLength };
};

/** The forward pass of the whole model over a run. */
export const wholeGraph = ({ shape, together }: ReturnType<typeof runOf>): Subgraph => {
  const graph = new Graph();
  const weights = mapValues(parameterShapes(shape.config), (of, name) => graph.input(name, of));
  const inputs = mapValues(batchInputs(shape), (of, name) => graph.input(name, of.shape, of.dtype));
  const { loss, metrics } = batchLosses(shape, together)(graph, weights, inputs);
  return { graph, outputs: { loss, ...metrics } };
};

/** What a run computes for one model, and how many tokens it is of. */
export const evaluationGraphs = (
  network: Network,
  mode: "whole" | "layers",
): { readonly graphs: readonly CountedGraph[]; readonly tokens: number } => {
  const run = runOf(network, network.scoring.eval_batch_size);
  const { tokens } = run;
  if (mode === "whole") return { graphs: [{ ...wholeGraph(run), runs: 1 }], tokens };
  const { embedding, layer, head } = lossGraphs(run.shape, run.together);
  const kinds = new Map<string, CountedGraph>();
  for (let i = 0; i < network.model.num_hidden_layers; i++) {
    const { kind, graph, outputs } = layer(i);
    kinds.set(kind, { graph, outputs, runs: (kinds.get(kind)?.runs ?? 0) + 1 });
  }
  return { graphs: [{ ...embedding, runs: 1 }, ...kinds.values(), { ...head, runs: 1 }], tokens };
};
