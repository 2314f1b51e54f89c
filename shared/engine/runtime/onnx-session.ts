import * as ort from "onnxruntime-node";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { AnyTensor, AnyTensors, CompileOptions, Program } from "../device.js";
import { checkFeeds, checkInto, isHost } from "../feeds.js";
import type { Graph, Shape, Value, ValueType } from "../graph.js";
import type { Rewritings } from "../onnx/emitter.js";
import { NO_TENSOR, serialise } from "../onnx/serialise.js";
import { emptyTensor, type Tensor } from "../tensor.js";
import { isRefusalToCopy, refusesToCopy } from "./uncopied.js";

export type SessionOptions = ort.InferenceSession.SessionOptions;

/** An ONNX Runtime execution provider, and how it represents tensors. */
export interface OnnxProvider {
  readonly options: SessionOptions;
  readonly rewritings?: Rewritings;
  /** As in `Device`. */
  readonly hostMemory: boolean;
  toNative(tensor: AnyTensor): ort.Tensor;
}

/** What every provider's sessions have in common. */
export const sessionOptions = (provider: string, threads: number): SessionOptions => ({
  executionProviders: [provider],
  executionMode: "sequential",
  // BlockZero's operators leave its passes nothing to improve, and the passes take minutes for a graph of 100,000 nodes.
  graphOptimizationLevel: "disabled",
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  // With it, a second block for all intermediate results would be allocated beside those of the first run, which stay. Steps are not
  // faster.
  enableMemPattern: false,
  // Failures are thrown, so the runtime need not print them.
  logSeverityLevel: 4,
  // Within a run, workers spin while they wait for the next operator, which comes within microseconds. Between runs they sleep.
  extra: { session: { intra_op: { allow_spinning: "1" }, force_spinning_stop: "1" } },
});

/** Loads a model into ONNX Runtime. Throws GRAPH_COMPILE when it is refused. */
export const createSession = (bytes: Uint8Array, options: SessionOptions): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(bytes, options).catch((error: unknown) => {
    throw new BlockZeroError("GRAPH_COMPILE", `ONNX Runtime refuses the graph: ${reasonOf(error)}`, REPORT, {
      cause: error,
    });
  });

/** A graph as an ONNX Runtime session of a provider. */
export const compileSession = async (
  graph: Graph,
  outputs: Readonly<Record<string, Value>>,
  { options, rewritings, hostMemory, toNative }: OnnxProvider,
  { stored }: CompileOptions = {},
): Promise<Program> => {
  const places = hostMemory && (await refusesToCopy()) ? placesFor(outputs) : undefined;
  const model = serialise(graph, outputs, { rewritings, noTensor: places !== undefined, stored });
  const session = await createSession(
    model.bytes,
    model.folder === undefined ? options : reading(options, model.folder),
  );
  const needed = Object.fromEntries(model.inputs.map((input) => [input.name, input]));
  const known = new Set(graph.inputs.map((input) => input.name).filter((name) => stored?.[name] === undefined));
  const names = Object.entries(model.outputNames);

  return {
    async run(feeds, into = {}) {
      checkFeeds(feeds, needed, known);
      checkInto(into, outputs);
      const given = places ? { ...places(into), ...into } : into;
      const results = await session
        .run(
          Object.fromEntries(model.inputs.map(({ name }) => [name, toNative(feeds[name]!)])),
          Object.fromEntries([
            ...(places ? [[NO_TENSOR, null]] : []),
            ...names.map(([key, name]) => [name, given[key] ? toNative(given[key]) : null]),
          ]),
        )
        .catch((error: unknown) => {
          if (places && isRefusalToCopy(error)) return undefined;
          if (error instanceof BlockZeroError) throw error;
          const reason = reasonOf(error);
          const hint = LACK_OF_MEMORY.test(reason) ? FREE_MEMORY : REPORT;
          throw new BlockZeroError("GRAPH_RUN", `ONNX Runtime failed: ${reason}`, hint, { cause: error });
        });
      const made: Record<string, Tensor> = {};
      for (const [key, name] of names) {
        const place = given[key];
        if (!place) made[key] = fromNative(results![name]!);
        else if (isHost(place)) made[key] = place;
      }
      return made;
    },
    dispose: () => session.release(),
  };
};

/** The options of a session whose weights lie in files below a folder. They are mapped, and nothing is copied from there. */
const reading = (options: SessionOptions, folder: string): SessionOptions => {
  const session = options.extra?.session as Record<string, unknown> | undefined;
  return {
    ...options,
    extra: {
      ...options.extra,
      session: {
        ...session,
        model_external_initializers_file_folder_path: folder,
        // Packed weights would be a copy in memory, and their products differ from those of weights that are fed, in the last bits.
        disable_prepacking: "1",
      },
    },
  };
};

/** New tensors for outputs without a given one. Absent if a shape is only known after the run. */
const placesFor = (outputs: Readonly<Record<string, ValueType>>) => {
  const fixed = Object.entries(outputs).flatMap(([key, { dtype, shape }]) =>
    isFixed(shape) ? [{ key, dtype, shape }] : [],
  );
  if (fixed.length < Object.keys(outputs).length) return undefined;
  return (into: AnyTensors): Record<string, Tensor> =>
    Object.fromEntries(
      fixed.filter(({ key }) => !into[key]).map(({ key, dtype, shape }) => [key, emptyTensor(dtype, shape)]),
    );
};

const isFixed = (shape: Shape): shape is readonly number[] => shape.every((dim) => typeof dim === "number");

const REPORT = "check the fed values; if they are right, report this message";

/** As the runtime's arenas, its card's allocator and the C++ library say it. */
const LACK_OF_MEMORY = /allocate memory|bad_alloc|out of memory/i;
const FREE_MEMORY = "end what else uses the device's memory, or compute less at a time";

/** Wraps a host tensor's elements without a copy. */
export const nativeHost = (tensor: Tensor): ort.Tensor => {
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
