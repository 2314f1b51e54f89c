import { BlockZeroError } from "#shared/errors.js";
import type { Graph, Value } from "../graph.js";
import { floatTensor, intTensor, type Tensor } from "../tensor.js";
import type { Emitter, NodeOptions, Reference } from "./emitter.js";
import * as field from "./fields.js";
import { initializer, Message, node, valueInfo } from "./wire.js";

const IR_VERSION = 9;
/** 18 is the first set in which every reduction takes its axes as an input; later ones add nothing that we use. */
const OPSET = 18;
const CONTRIB_OPSET = 1;

export interface OnnxModel {
  /** A serialised ModelProto. */
  readonly bytes: Uint8Array;
  /** The graph's inputs that the outputs depend on: the only ones the model has. */
  readonly inputs: readonly Value[];
  /** The model's name of each output. */
  readonly outputNames: Readonly<Record<string, string>>;
}

/** Writes what the named outputs need of a graph as an ONNX model. Throws GRAPH_OUTPUT for a value of another graph. */
export const serialise = (graph: Graph, outputs: Readonly<Record<string, Value>>): OnnxModel => {
  const foreign = Object.entries(outputs).find(([, value]) => value.graph !== graph);
  if (foreign) {
    throw new BlockZeroError(
      "GRAPH_OUTPUT",
      `output "${foreign[0]}" belongs to another graph`,
      "compile its own graph",
    );
  }
  const live = reachable(graph, Object.values(outputs));
  const onnxGraph = new Message().text(field.graph.name, "blockzero");
  const emit = new GraphEmitter(graph, onnxGraph);

  const inputs = graph.inputs.filter((input) => live.has(input));
  for (const { name, dtype, shape } of inputs) onnxGraph.message(field.graph.input, valueInfo(name, dtype, shape));
  for (const graphNode of graph.nodes) {
    if (graphNode.outputs.some((output) => live.has(output))) graphNode.operator.lower(graphNode, emit);
  }

  const outputNames: Record<string, string> = {};
  const taken = new Set<string>();
  for (const [key, value] of Object.entries(outputs)) {
    // An ONNX output is made by a node and named once.
    const direct = value.source.kind === "node" && !taken.has(value.name);
    const name = direct ? value.name : emit.local("Identity", [value]);
    taken.add(name);
    outputNames[key] = name;
    onnxGraph.message(field.graph.output, valueInfo(name, value.dtype, value.shape));
  }

  const opset = (domain: string, version: number) =>
    new Message().text(field.opset.domain, domain).int(field.opset.version, version);
  const bytes = new Message()
    .int(field.model.irVersion, IR_VERSION)
    .text(field.model.producerName, "blockzero")
    .message(field.model.opsetImport, opset("", OPSET))
    .message(field.model.opsetImport, opset("com.microsoft", CONTRIB_OPSET))
    .message(field.model.graph, onnxGraph)
    .finish();
  return { bytes, inputs, outputNames };
};

const reachable = (graph: Graph, outputs: readonly Value[]): ReadonlySet<Value> => {
  const live = new Set(outputs);
  for (const { inputs, outputs: made } of graph.nodes.toReversed()) {
    if (made.some((output) => live.has(output))) for (const input of inputs) live.add(input);
  }
  return live;
};

class GraphEmitter implements Emitter {
  readonly #onnxGraph: Message;
  readonly #inputNames: ReadonlySet<string>;
  readonly #written = new Set<Value>();
  readonly #constants = new Map<string, string>();
  #temporaries = 0;

  constructor(graph: Graph, onnxGraph: Message) {
    this.#onnxGraph = onnxGraph;
    this.#inputNames = new Set(graph.inputs.map((input) => input.name));
  }

  node(
    type: string,
    inputs: readonly Reference[],
    outputs: readonly Reference[],
    { attributes = {}, domain = "" }: NodeOptions = {},
  ): void {
    const names = (references: readonly Reference[]) => references.map((reference) => this.#nameOf(reference));
    this.#onnxGraph.message(field.graph.node, node(type, names(inputs), names(outputs), attributes, domain));
  }

  local(type: string, inputs: readonly Reference[], options?: NodeOptions): string {
    const output = this.temporary();
    this.node(type, inputs, [output], options);
    return output;
  }

  temporary(): string {
    let name: string;
    do name = `$${this.#temporaries++}`;
    while (this.#inputNames.has(name));
    return name;
  }

  ints(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#constant(`i[${shape}]${values}`, intTensor(values, shape));
  }

  floats(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#constant(`f[${shape}]${values}`, floatTensor(values, shape));
  }

  #constant(key: string, tensor: Tensor): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.temporary();
    this.#constants.set(key, name);
    this.#initialise(name, tensor);
    return name;
  }

  #nameOf(reference: Reference): string {
    if (typeof reference === "string") return reference;
    if (reference.source.kind === "constant" && !this.#written.has(reference)) {
      this.#written.add(reference);
      this.#initialise(reference.name, reference.source.tensor);
    }
    return reference.name;
  }

  #initialise(name: string, { dtype, shape, data }: Tensor): void {
    this.#onnxGraph.message(field.graph.initializer, initializer(name, dtype, shape, data));
  }
}
