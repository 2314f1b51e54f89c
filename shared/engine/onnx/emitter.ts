import type { Value } from "../graph.js";

export type Attribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "string"; readonly value: string };

export type Attributes = Readonly<Record<string, Attribute>>;

export const int = (value: number): Attribute => ({ kind: "int", value });
export const float = (value: number): Attribute => ({ kind: "float", value });
export const ints = (value: readonly number[]): Attribute => ({ kind: "ints", value });
export const text = (value: string): Attribute => ({ kind: "string", value });

/** A value of the graph, or the name of a tensor that exists only inside one operator's lowering. */
export type Reference = Value | string;

export interface NodeOptions {
  readonly attributes?: Attributes;
  /** Operator set; ONNX's own by default. */
  readonly domain?: "" | "com.microsoft";
}

/** Writes the ONNX nodes of an operator's lowering. */
export interface Emitter {
  node(type: string, inputs: readonly Reference[], outputs: readonly Reference[], options?: NodeOptions): void;
  /** The same as `node`, for one output that only this lowering uses. */
  local(type: string, inputs: readonly Reference[], options?: NodeOptions): string;
  /** Name of a new tensor that only this lowering uses. */
  temporary(): string;
  /** An int64 constant; 1-D unless a shape is given. */
  ints(values: readonly number[], shape?: readonly number[]): string;
  /** A float32 constant; 1-D unless a shape is given. */
  floats(values: readonly number[], shape?: readonly number[]): string;
}

/** Replaces an ONNX node that a runtime has no kernel for by other nodes. The new nodes are not rewritten again. */
export type Rewriting = (
  emit: Emitter,
  inputs: readonly Reference[],
  outputs: readonly Reference[],
  attributes: Attributes,
) => void;

/** By ONNX operator. */
export type Rewritings = Readonly<Record<string, Rewriting>>;
