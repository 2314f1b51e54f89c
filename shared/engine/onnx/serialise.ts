import type { Graph, Value } from "../graph.js";
import type { StoredTensors } from "../stored-tensor.js";
import type { Rewritings } from "./emitter.js";
import * as field from "./fields.js";
import { type Lowered, lower, type OnnxNode } from "./lower.js";
import { checkStored, commonFolder, storeInputs } from "./stored-inputs.js";
import { externalInitializer, initializer, Message, node, sequenceInfo, valueInfo } from "./wire.js";

const IR_VERSION = 9;
/** 18 is the first set in which every reduction takes its axes as an input. Later sets add nothing that BlockZero uses. */
const OPSET = 18;
const CONTRIB_OPSET = 1;

/** An additional first output that is not a tensor: an empty sequence. No input has this name. */
export const NO_TENSOR = "$no tensor";

export interface SerialiseOptions {
  readonly rewritings?: Rewritings | undefined;
  /** With the output `NO_TENSOR`. */
  readonly noTensor?: boolean | undefined;
  /** Inputs whose elements lie in files. */
  readonly stored?: StoredTensors | undefined;
}

export interface OnnxModel extends Pick<Lowered, "inputs" | "outputNames"> {
  /** A serialised ModelProto. */
  readonly bytes: Uint8Array;
  /** The folder that paths of stored tensors begin in. Absent if none is stored. */
  readonly folder?: string;
}

/**
 * Writes the part of a graph that the named outputs need as an ONNX model. `inputs` are those that are fed.
 *
 * @throws BlockZeroError GRAPH_OUTPUT for a value of another graph, GRAPH_FEED for a stored tensor that is no such input
 */
export const serialise = (
  graph: Graph,
  outputs: Readonly<Record<string, Value>>,
  { rewritings, noTensor = false, stored = {} }: SerialiseOptions = {},
): OnnxModel => {
  checkStored(stored, graph.inputs);
  const lowered = lower(graph, outputs, rewritings);
  const { constants, outputNames } = lowered;
  const inputs = lowered.inputs.filter(({ name }) => stored[name] === undefined);
  const { nodes, initializers } = storeInputs(lowered.nodes, stored);
  const files = initializers.size === 0 ? null : commonFolder([...initializers.values()].map(({ path }) => path));
  const onnxGraph = new Message().text(field.graph.name, "blockzero");
  for (const { name, dtype, shape } of inputs) onnxGraph.message(field.graph.input, valueInfo(name, dtype, shape));
  for (const [name, { dtype, shape, data }] of constants) {
    onnxGraph.message(field.graph.initializer, initializer(name, dtype, shape, data));
  }
  for (const [name, tensor] of initializers)
    onnxGraph.message(field.graph.initializer, externalInitializer(name, tensor, files!.below(tensor.path)));
  for (const each of nodes) onnxGraph.message(field.graph.node, node(each));
  if (noTensor) addNoTensor(onnxGraph);
  for (const [key, { dtype, shape }] of Object.entries(outputs)) {
    onnxGraph.message(field.graph.output, valueInfo(outputNames[key]!, dtype, shape));
  }
  return { bytes: modelOf(onnxGraph), inputs, outputNames, ...(files && { folder: files.folder }) };
};

/** ModelProto of a GraphProto. */
export const modelOf = (onnxGraph: Message): Uint8Array => {
  const opset = (domain: string, version: number) =>
    new Message().text(field.opset.domain, domain).int(field.opset.version, version);
  return new Message()
    .int(field.model.irVersion, IR_VERSION)
    .text(field.model.producerName, "blockzero")
    .message(field.model.opsetImport, opset("", OPSET))
    .message(field.model.opsetImport, opset("com.microsoft", CONTRIB_OPSET))
    .message(field.model.graph, onnxGraph)
    .finish();
};

/** Gives a GraphProto the output `NO_TENSOR`; before all others. */
export const addNoTensor = (onnxGraph: Message): void => {
  onnxGraph.message(field.graph.node, node(emptySequence)).message(field.graph.output, sequenceInfo(NO_TENSOR));
};

const emptySequence: OnnxNode = {
  name: "NoTensor",
  type: "SequenceEmpty",
  domain: "",
  inputs: [],
  outputs: [NO_TENSOR],
  attributes: {},
};
