import * as ort from "onnxruntime-node";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { ByteProduct } from "#shared/kernels/exact-products.js";
import * as field from "../onnx/fields.js";
import { addNoTensor, modelOf, NO_TENSOR } from "../onnx/serialise.js";
import { initializer, Message, node, valueInfo } from "../onnx/wire.js";
import { createSession, sessionOptions } from "./onnx-session.js";
import { isRefusalToCopy, refusesToCopy } from "./uncopied.js";

/** What is subtracted from x. */
const ZERO = 64;

/**
 * ONNX Runtime's product of bytes (MatMulInteger), which has a processor's instructions for bytes at their full width. On the calling thread
 * alone. Its sums are integers of 32 bits, exact in any order: of weights in [−7, 7] no pair of products leaves 16 bits, where processors
 * without such an instruction add them.
 *
 * @throws BlockZeroError GRAPH_COMPILE; the product GRAPH_RUN
 */
export const openByteProduct = async (): Promise<ByteProduct> => {
  const isUncopied = await refusesToCopy();
  const session = await createSession(productModel(isUncopied), sessionOptions("cpu", 1));
  return async ({ x, w, y, rows }) => {
    const terms = x.length / rows;
    const columns = w.length / terms;
    const feeds = { x: new ort.Tensor("uint8", x, [rows, terms]), w: new ort.Tensor("int8", w, [terms, columns]) };
    const made = { ...(isUncopied && { [NO_TENSOR]: null }), y: new ort.Tensor("int32", y, [rows, columns]) };
    await session.run(feeds, made).catch((error: unknown) => {
      if (isUncopied && isRefusalToCopy(error)) return;
      throw new BlockZeroError("GRAPH_RUN", `ONNX Runtime failed: ${reasonOf(error)}`, "report this message", {
        cause: error,
      });
    });
  };
};

const productModel = (noTensor: boolean): Uint8Array => {
  const graph = new Message()
    .text(field.graph.name, "blockzero")
    .message(field.graph.input, valueInfo("x", "uint8", ["rows", "terms"]))
    .message(field.graph.input, valueInfo("w", "int8", ["terms", "columns"]))
    .message(field.graph.initializer, initializer("zero", "uint8", [], Uint8Array.of(ZERO)));
  const product = { name: "Product", type: "MatMulInteger", domain: "", attributes: {} };
  graph.message(field.graph.node, node({ ...product, inputs: ["x", "w", "zero"], outputs: ["y"] }));
  if (noTensor) addNoTensor(graph);
  return modelOf(graph.message(field.graph.output, valueInfo("y", "int32", ["rows", "columns"])));
};
