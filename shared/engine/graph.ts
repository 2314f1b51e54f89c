import { BlockZeroError } from "#shared/errors/error.js";
import type { Emitter } from "./onnx/emitter.js";
import { type DType, floatTensor, intTensor, type Tensor } from "./tensor.js";

/** A size, or the name of a size that is only known when the graph runs, for example the number of tokens of an expert. */
export type Dim = number | string;
export type Shape = readonly Dim[];

export interface ValueType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** An output of a node, or an input of the graph: a tensor whose type is known now and whose elements exist when the graph runs. */
export interface Value extends ValueType {
  readonly graph: Graph;
  /** Unique in its graph. */
  readonly name: string;
  readonly source: Source;
}

export type Source =
  | { readonly kind: "input" }
  | { readonly kind: "constant"; readonly tensor: Tensor }
  | { readonly kind: "node"; readonly node: Node };

export type Values = readonly Value[];

/** One application of an operator. */
export interface Node<I extends Values = Values, O extends Values = Values> {
  readonly operator: Operator<I, O>;
  readonly inputs: I;
  readonly outputs: O;
}

/**
 * A differentiable operation with its attributes bound: its output types, its ONNX form, and its gradient. `I` and `O` are tuples of
 * values, so every operator's rules are checked against its own arity.
 */
export interface Operator<I extends Values = Values, O extends Values = Values> {
  readonly name: string;
  /** Types of the outputs. Throws GRAPH_SHAPE if the inputs do not fit. */
  infer(inputs: I): { readonly [K in keyof O]: ValueType };
  lower(node: Node<I, O>, emit: Emitter): void;
  /**
   * Whether a backward pass may make its outputs again rather than keep them (`remake`): one pass over memory makes them, of inputs that take no more
   * than they do, or that its own gradient takes.
   */
  readonly remade?: true;
  /** For each output the place of the input whose memory it has; absent where each has memory of its own. */
  readonly shares?: (node: Node) => readonly number[];
  /**
   * The vector-Jacobian product: from the gradients of the loss by the outputs (undefined if the loss does not depend on an output) to its
   * gradients by the inputs. `needs` tells which inputs need a gradient; the others may be undefined.
   */
  gradient?(
    node: Node<I, O>,
    gradients: { readonly [K in keyof O]: Value | undefined },
    needs: { readonly [K in keyof I]: boolean },
  ): { readonly [K in keyof I]: Value | undefined };
}

/** Constants of at most this many elements are shared by content. */
const SHARED_CONSTANT_SIZE = 64;

/**
 * A dataflow graph under construction. It is append-only, so its nodes are always in topological order. It knows shapes and gradients and
 * no runtime. A `Device` compiles the part that given outputs need.
 */
export class Graph {
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  readonly #names = new Set<string>();
  readonly #constants = new Map<string, Value>();
  #values = 0;
  #dynamicDims = 0;

  /** A tensor fed at every run. Throws GRAPH_NAME when the name is taken. */
  input(name: string, shape: Shape, dtype: DType = "float32"): Value {
    if (this.#names.has(name) || name === "") {
      throw new BlockZeroError("GRAPH_NAME", `input name "${name}" is empty or taken`, "name every input once");
    }
    this.#names.add(name);
    const value: Value = { graph: this, name, dtype, shape, source: { kind: "input" } };
    this.inputs.push(value);
    return value;
  }

  /** A tensor whose elements are part of the graph; a scalar by default. Small ones are shared by content. */
  constant(
    data: number | ArrayLike<number>,
    shape: readonly number[] = [],
    dtype: Exclude<DType, "bool"> = "float32",
  ): Value {
    const values = typeof data === "number" ? [data] : data;
    const key = values.length <= SHARED_CONSTANT_SIZE ? `${dtype}[${shape}]${Array.from(values, exactly)}` : undefined;
    const shared = key === undefined ? undefined : this.#constants.get(key);
    if (shared) return shared;
    const tensor = dtype === "float32" ? floatTensor(values, shape) : intTensor(values, shape);
    const value: Value = { graph: this, name: this.#fresh(), dtype, shape, source: { kind: "constant", tensor } };
    if (key !== undefined) this.#constants.set(key, value);
    return value;
  }

  /** Appends a node and returns its outputs. Throws GRAPH_SHAPE if the operator refuses its inputs. */
  apply<I extends Values, O extends Values>(operator: Operator<I, O>, inputs: I): O {
    const foreign = inputs.find((input) => input.graph !== this);
    if (foreign) {
      throw new BlockZeroError(
        "GRAPH_SHAPE",
        `${operator.name}: input "${foreign.name}" belongs to another graph`,
        "build every value of an expression in one graph",
      );
    }
    const outputs: Value[] = [];
    const node: Node = { operator: operator as Operator, inputs, outputs };
    for (const type of operator.infer(inputs) as readonly ValueType[]) {
      outputs.push({
        graph: this,
        name: this.#fresh(),
        dtype: type.dtype,
        shape: type.shape,
        source: { kind: "node", node },
      });
    }
    this.nodes.push(node);
    return outputs as Values as O;
  }

  /** A new name for a size that is only known at run time. */
  dynamicDim(purpose: string): string {
    return `${purpose}#${this.#dynamicDims++}`;
  }

  #fresh(): string {
    let name: string;
    do name = `%${this.#values++}`;
    while (this.#names.has(name));
    return name;
  }
}

/** −0 and 0 are different constants. */
const exactly = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

/** The fixed dimensions of a shape. Throws GRAPH_SHAPE, with `what` as the name, if one is only known at run time. */
export const staticShape = (shape: Shape, what: string): readonly number[] =>
  shape.map((dim) => {
    if (typeof dim === "number") return dim;
    throw shapeError(what, `${formatShape(shape)} has a size that is only known at run time`);
  });

export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

export const formatTypes = (values: readonly ValueType[]): string =>
  values.map((value) => `${value.dtype}${formatShape(value.shape)}`).join(", ");

export const shapeError = (operator: string, problem: string): BlockZeroError =>
  new BlockZeroError("GRAPH_SHAPE", `${operator}: ${problem}`, "fix the shapes where the graph is built");

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

/** The number in a constant scalar. Undefined for any other value. */
export const constantScalar = (value: Value): number | undefined =>
  value.source.kind === "constant" && value.shape.length === 0 ? Number(value.source.tensor.data[0]) : undefined;
