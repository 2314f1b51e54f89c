import * as ort from "onnxruntime-node";
import { Graph } from "../graph.js";
import { NO_TENSOR, serialise } from "../onnx/serialise.js";
import { add } from "../ops/add.js";

/**
 * ONNX Runtime writes outputs into the buffers that it is given. Its Node binding then copies each once more, into an array of its own
 * that nobody asked for, which takes longer than many a program and as much memory as all its outputs. It does so in the program's
 * order, and gives up at an output that is no tensor. So a program has one, before all others; a run that also asks for it has written
 * everything when the binding refuses, and nothing has been copied.
 */
export const isRefusalToCopy = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("Non tensor type is temporarily not supported");

/** Whether the binding at hand does so: one that refuses earlier, or converts sequences, is left to copy. Tried once, on a sum. */
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
