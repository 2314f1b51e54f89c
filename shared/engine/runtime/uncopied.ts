import * as ort from "onnxruntime-node";
import { Graph } from "../graph.js";
import { NO_TENSOR, serialise } from "../onnx/serialise.js";
import { add } from "../ops/add.js";

/**
 * ONNX Runtime writes outputs into the given buffers. Its Node binding then copies each output once more, into a new array that is not
 * needed. The copy takes longer than many programs, and as much memory as all outputs. The binding copies in the program's order, and stops
 * with an error at an output that is not a tensor. So each program has such an output, before all others. When a run requests it too, all
 * outputs are written before the binding stops, and nothing is copied.
 */
export const isRefusalToCopy = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("Non tensor type is temporarily not supported");

/** Whether the installed binding behaves like this. If it stops earlier, or converts sequences, its copies are accepted. Tried once, on a sum. */
export const refusesToCopy = (): Promise<boolean> => {
  known ??= tryOnSum();
  return known;
};

let known: Promise<boolean> | undefined;

const tryOnSum = async (): Promise<boolean> => {
  const graph = new Graph();
  const x = graph.input("x", [1]);
  const { bytes, outputNames } = serialise(graph, { y: add(x, x) }, { noTensor: true });
  const sum = Float32Array.of(Number.NaN);
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["cpu"], logSeverityLevel: 4 });
  try {
    const feeds = { x: new ort.Tensor("float32", Float32Array.of(1), [1]) };
    await session.run(feeds, { [NO_TENSOR]: null, [outputNames.y!]: new ort.Tensor("float32", sum, [1]) });
    return false;
  } catch (thrown) {
    return isRefusalToCopy(thrown) && sum[0] === 2;
  } finally {
    await session.release();
  }
};
