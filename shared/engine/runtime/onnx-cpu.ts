import * as ort from "onnxruntime-node";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import type { Device, Program, Tensors } from "../device.js";
import { checkFeeds, checkInto } from "../feeds.js";
import type { Graph, Value } from "../graph.js";
import { serialise } from "../onnx/serialise.js";
import type { Tensor } from "../tensor.js";

export interface OnnxCpuOptions {
  /** Threads of one operator; every program has its own pool. */
  readonly threads: number;
}

/**
 * ONNX Runtime on the CPU. A run occupies the calling thread until it is done, its own worker threads included: timers and
 * sockets wait that long, so a process that must stay responsive runs its device on a worker thread.
 */
export const onnxCpu = ({ threads }: OnnxCpuOptions): Device => ({
  name: `onnxruntime-cpu-${threads}`,
  compile: (graph, outputs) => compile(graph, outputs, sessionOptions(threads)),
});

const sessionOptions = (threads: number): ort.InferenceSession.SessionOptions => ({
  executionProviders: ["cpu"],
  executionMode: "sequential",
  graphOptimizationLevel: "all",
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  // Failures are thrown; the runtime need not print them too.
  logSeverityLevel: 4,
  // Idle workers sleep: several programs and processes share the cores.
  extra: { session: { intra_op: { allow_spinning: "0" } } },
});

const compile = async (
  graph: Graph,
  outputs: Readonly<Record<string, Value>>,
  options: ort.InferenceSession.SessionOptions,
): Promise<Program> => {
  const model = serialise(graph, outputs);
  const session = await ort.InferenceSession.create(model.bytes, options).catch((error: unknown) => {
    throw new BlockZeroError("GRAPH_COMPILE", `ONNX Runtime refuses the graph: ${reasonOf(error)}`, REPORT, {
      cause: error,
    });
  });
  const needed = Object.fromEntries(model.inputs.map((input) => [input.name, input]));
  const known = new Set(graph.inputs.map((input) => input.name));

  const run = async (feeds: Tensors, into: Tensors = {}): Promise<Record<string, Tensor>> => {
    checkFeeds(feeds, needed, known);
    checkInto(into, outputs);
    const nativeFeeds = Object.fromEntries(model.inputs.map(({ name }) => [name, toNative(feeds[name]!)]));
    const fetches = Object.fromEntries(
      Object.entries(model.outputNames).map(([key, name]) => [name, into[key] ? toNative(into[key]) : null]),
    );
    const results = await session.run(nativeFeeds, fetches).catch((error: unknown) => {
      throw new BlockZeroError("GRAPH_RUN", `ONNX Runtime failed: ${reasonOf(error)}`, REPORT, { cause: error });
    });
    return Object.fromEntries(
      Object.entries(model.outputNames).map(([key, name]) => [key, into[key] ?? fromNative(results[name]!)]),
    );
  };
  return { run, dispose: () => session.release() };
};

const REPORT = "check the fed values; if they are right, report this message";

const toNative = (tensor: Tensor): ort.Tensor => {
  switch (tensor.dtype) {
    case "float32":
      return new ort.Tensor("float32", tensor.data, tensor.shape);
    case "int64":
      return new ort.Tensor("int64", tensor.data, tensor.shape);
    case "bool":
      return new ort.Tensor("bool", tensor.data, tensor.shape);
  }
};

const fromNative = ({ data, dims, type }: ort.Tensor): Tensor => {
  if (data instanceof Float32Array) return { dtype: "float32", shape: dims, data };
  if (data instanceof BigInt64Array) return { dtype: "int64", shape: dims, data };
  if (data instanceof Uint8Array) return { dtype: "bool", shape: dims, data };
  throw new BlockZeroError("GRAPH_RUN", `ONNX Runtime returned ${type} tensors`, REPORT);
};
