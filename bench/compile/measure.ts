import { createRandom } from "#shared/data/random.js";
import type { Device } from "#shared/engine/device.js";
import type { Graph } from "#shared/engine/graph.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { createEvaluator } from "#shared/evaluation/evaluator.js";
import { initialParameters } from "#shared/model/init.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { type Parameters, parameterShapes } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { median } from "../median.js";
import type { CompileCase } from "./cases.js";

/** Seconds until a program can run, each the median of all rounds. */
export interface Compilation {
  readonly name: string;
  /** Building the graph and its gradients, and everything else that is ours. */
  readonly graph: number;
  /** In the runtime: from a finished graph to its session. */
  readonly session: number;
  readonly total: number;
  /** Nodes of the graph. */
  readonly operators: number;
  /** Of them, those of each kind, the most numerous first. */
  readonly kinds: Readonly<Record<string, number>>;
  /** What it may take in all. */
  readonly target: number;
  readonly met: boolean;
}

/** Builds each case's program several times. @param rounds at least one */
export const measureCompilations = async (
  config: ModelConfig,
  cases: readonly CompileCase[],
  rounds: number,
): Promise<readonly Compilation[]> => {
  const weights = initialParameters(config, createRandom("compile"));
  const compilations: Compilation[] = [];
  for (const each of cases) {
    const times: Times[] = [];
    let kinds: Compilation["kinds"] = {};
    for (let round = 0; round < rounds; round++) {
      const { graph, ...taken } = await build(config, each, weights);
      times.push(taken);
      kinds = kindsOf(graph);
    }
    const operators = Object.values(kinds).reduce((sum, count) => sum + count, 0);
    compilations.push({ name: each.name, ...summarise(times, each.target), operators, kinds });
  }
  return compilations;
};

export interface Times {
  readonly session: number;
  readonly total: number;
}

/** Medians of what several rounds took. @param target seconds in all */
export const summarise = (
  times: readonly Times[],
  target: number,
): Pick<Compilation, "graph" | "session" | "total" | "target" | "met"> => {
  const total = median(times.map((one) => one.total));
  return {
    graph: median(times.map((one) => one.total - one.session)),
    session: median(times.map((one) => one.session)),
    total,
    target,
    met: total < target,
  };
};

/** Nodes by their operator. */
export const kindsOf = ({ nodes }: Graph): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>();
  for (const { operator } of nodes) counts.set(operator.name, (counts.get(operator.name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
};

/** From the model's description to a program that is ready, its tensors uploaded. */
const build = async (
  config: ModelConfig,
  { held, trainable, program: way }: CompileCase,
  all: Parameters,
): Promise<Times & { readonly graph: Graph }> => {
  let session = 0;
  const graphs: Graph[] = [];
  const cpu = onnxCpu({ threads: 2 });
  const device: Device = {
    ...cpu,
    async compile(graph, outputs) {
      const begin = performance.now();
      const program = await cpu.compile(graph, outputs);
      session += (performance.now() - begin) / 1000;
      graphs.push(graph);
      return program;
    },
  };
  const shape = { config, held, batchSize: 4, sequenceLength: 32 };
  const params = Object.fromEntries(
    Object.entries(parameterShapes(config, held)).map(([parameter, size]) => [
      parameter,
      {
        ...all[parameter]!,
        shape: size,
        data: all[parameter]!.data.slice(
          0,
          size.reduce((a, b) => a * b, 1),
        ),
      },
    ]),
  );
  const trained = Object.keys(params).filter(trainable);
  const objective = { device, loss: languageModelLoss(shape), inputs: batchInputs(shape), params };

  const begin = performance.now();
  const program =
    trained.length > 0
      ? await createTrainStep({ ...objective, trainable: trained, ...(way === "layers" && { layered: { shape } }) })
      : await createEvaluator(objective);
  const total = (performance.now() - begin) / 1000;
  await program.dispose();
  return { session, total, graph: graphs.reduce((a, b) => (b.nodes.length > a.nodes.length ? b : a)) };
};
