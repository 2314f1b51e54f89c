import { BlockZeroError } from "#shared/errors/error.js";
import type { Graph, Value } from "../graph.js";
import { neededNodes } from "../needed-nodes.js";
import { floatTensor, intTensor, type Tensor } from "../tensor.js";
import type { Attributes, Emitter, NodeOptions, Reference, Rewritings } from "./emitter.js";

/** NodeProto, in memory. */
export interface OnnxNode {
  /** Unique: the operator of the graph that it comes from, the index of that operator among the graph's nodes, and a count. */
  readonly name: string;
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** The part of a graph that its outputs need, as ONNX nodes. */
export interface Lowered {
  /** In topological order. */
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, Tensor>;
  /** The graph's inputs that the outputs depend on. There are no others. */
  readonly inputs: readonly Value[];
  /** The name of each output's tensor, which a node makes and no other output has. */
  readonly outputNames: Readonly<Record<string, string>>;
}

/** Translates a graph into ONNX's operators. Throws GRAPH_OUTPUT for an output of another graph. */
export const lower = (graph: Graph, outputs: Readonly<Record<string, Value>>, rewritings: Rewritings = {}): Lowered => {
  const foreign = Object.entries(outputs).find(([, value]) => value.graph !== graph);
  if (foreign) {
    throw new BlockZeroError(
      "GRAPH_OUTPUT",
      `output "${foreign[0]}" belongs to another graph`,
      "compile its own graph",
    );
  }
  const live = reachable(graph, Object.values(outputs));
  const emit = new GraphEmitter(graph, rewritings, nameOutputs(graph, outputs));
  for (const [place, node] of graph.nodes.entries()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    emit.begin(`${node.operator.name}/${place}`);
    node.operator.lower(node, emit);
  }

  emit.begin("Output");
  const outputNames: Record<string, string> = {};
  const taken = new Set<string>();
  for (const [key, value] of Object.entries(outputs)) {
    const named = emit.nameOf(value);
    // In ONNX, an output is made by a node and has one name.
    const direct = value.source.kind === "node" && !taken.has(named);
    const name = direct ? named : emit.local("Identity", [value]);
    taken.add(name);
    outputNames[key] = name;
  }
  const inputs = graph.inputs.filter((input) => live.has(input));
  return { nodes: usedNodes(emit.nodes, taken), constants: emit.constants, inputs, outputNames };
};

/** An operator of several outputs is lowered whole. What only an unused one needs would hold memory until it has run. */
const usedNodes = (nodes: readonly OnnxNode[], outputs: ReadonlySet<string>): readonly OnnxNode[] => {
  const used = new Set(outputs);
  const kept = nodes.toReversed().filter((node) => {
    const isUsed = node.outputs.some((output) => used.has(output));
    if (isUsed) for (const input of node.inputs) used.add(input);
    return isUsed;
  });
  return kept.reverse();
};

/**
 * Outputs are named by their keys. ONNX Runtime compares every node's tensors with them, one by one; names of another length than those of
 * intermediate results make the comparison fast.
 */
const nameOutputs = ({ inputs }: Graph, outputs: Readonly<Record<string, Value>>): ReadonlyMap<Value, string> => {
  const taken = new Set(inputs.map(({ name }) => name));
  return new Map(
    Object.entries(outputs).map(([key, value]) => {
      let name = `output/${key}`;
      while (taken.has(name)) name = `output/${name}`;
      taken.add(name);
      return [value, name];
    }),
  );
};

const reachable = (graph: Graph, outputs: readonly Value[]): ReadonlySet<Value> =>
  new Set([...outputs, ...neededNodes(graph, outputs).flatMap(({ inputs }) => inputs)]);

class GraphEmitter implements Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly constants = new Map<string, Tensor>();
  readonly #rewritings: Rewritings;
  readonly #inputNames: ReadonlySet<string>;
  readonly #outputNames: ReadonlyMap<Value, string>;
  readonly #shared = new Map<string, string>();
  #origin = "";
  #originNodes = 0;
  #temporaries = 0;
  #isRewriting = false;

  constructor(graph: Graph, rewritings: Rewritings, outputNames: ReadonlyMap<Value, string>) {
    this.#outputNames = outputNames;
    this.#rewritings = rewritings;
    this.#inputNames = new Set(graph.inputs.map((input) => input.name));
  }

  /** The following nodes belong to the operator of this name. */
  begin(origin: string): void {
    this.#origin = origin;
    this.#originNodes = 0;
  }

  node(
    type: string,
    inputs: readonly Reference[],
    outputs: readonly Reference[],
    { attributes = {}, domain = "" }: NodeOptions = {},
  ): void {
    const rewrite = this.#isRewriting ? undefined : this.#rewritings[type];
    if (rewrite) {
      this.#isRewriting = true;
      rewrite(this, inputs, outputs, attributes);
      this.#isRewriting = false;
      return;
    }
    const names = (references: readonly Reference[]) => references.map((reference) => this.nameOf(reference));
    const name = `${this.#origin}/${this.#originNodes++}`;
    this.nodes.push({ name, type, domain, inputs: names(inputs), outputs: names(outputs), attributes });
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
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const name = this.temporary();
    this.#shared.set(key, name);
    this.constants.set(name, tensor);
    return name;
  }

  nameOf(reference: Reference): string {
    if (typeof reference === "string") return reference;
    const made = reference.source.kind === "node" ? this.#outputNames.get(reference) : undefined;
    const name = made ?? reference.name;
    if (reference.source.kind === "constant") this.constants.set(reference.name, reference.source.tensor);
    return name;
  }
}
