import { BlockZeroError } from "#shared/errors/error.js";
import { formatShape, type Node, type Value } from "./graph.js";
import { add } from "./ops/add.js";
import { after } from "./ops/after.js";

export interface PullBackOptions {
  /**
   * Whether the backward pass waits, wherever it has come down to one value, for the gradients by `wrt` that it came past. A runtime may otherwise
   * leave all of them to the end, and keep what they are made of until then. It costs a small node for each; false by default.
   */
  readonly waits?: boolean;
}

/**
 * Reverse-mode differentiation: appends nodes to the graph that compute d loss / d w for every w of `wrt`, each in w's shape. Only paths
 * from a w to the loss are differentiated, so a frozen parameter costs no backward product. Throws GRAPH_GRADIENT if the loss is not a
 * float scalar, if it does not depend on a w, or if an operator on the path has no gradient.
 */
export const gradients = (loss: Value, wrt: readonly Value[], options?: PullBackOptions): Value[] => {
  if (loss.dtype !== "float32" || loss.shape.length !== 0) {
    throw gradientError(`the loss is ${loss.dtype}${formatShape(loss.shape)}`, "reduce the loss to one float32 scalar");
  }
  const results = pullBack(loss.graph.nodes, loss, loss.graph.constant(1), wrt, options);
  return results.map((gradient, i) => {
    if (gradient) return gradient;
    throw gradientError(`the loss does not depend on "${wrt[i]!.name}"`, "leave it out of the trained parameters");
  });
};

/**
 * The vector-Jacobian product of some nodes: from the gradient of the loss by `output` to its gradients by each of `wrt`, undefined where
 * `output` does not depend on it. Appends nodes to the graph. Throws GRAPH_GRADIENT if an operator on the path has no gradient.
 *
 * @param nodes in topological order; all that lie between `wrt` and `output`
 */
export const pullBack = (
  nodes: readonly Node[],
  output: Value,
  given: Value,
  wrt: readonly Value[],
  { waits = false }: PullBackOptions = {},
): (Value | undefined)[] => {
  const path = nodesBetween(nodes, wrt, output);
  const ends = new Set(wrt);
  /** Values that the backward pass has yet to go through, with a gradient. */
  const open = new Set([output]);
  let passed: Value[] = [];
  const contributions = new Map<Value, Value[]>([[output, [given]]]);
  const wanted = new Set(wrt);
  for (const node of path) for (const made of node.outputs) wanted.add(made);

  for (const node of path.toReversed()) {
    const [next] = open;
    if (waits && open.size === 1 && node.outputs.includes(next!)) {
      contributions.set(next!, [...after([total(contributions, next!)!], passed)]);
      passed = [];
    }
    for (const made of node.outputs) open.delete(made);
    const grads = node.outputs.map((made) => total(contributions, made));
    if (grads.every((gradient) => gradient === undefined)) continue;
    if (!node.operator.gradient) {
      throw gradientError(`${node.operator.name} has no gradient`, "wrap it in stopGradient, or build it differently");
    }
    const needs = node.inputs.map((input) => wanted.has(input) && input.dtype === "float32");
    const results = node.operator.gradient(node, grads, needs);
    node.inputs.forEach((input, i) => {
      const result = results[i];
      if (!needs[i] || !result) return;
      if (ends.has(input)) passed.push(result);
      else open.add(input);
      const previous = contributions.get(input);
      if (previous) previous.push(result);
      else contributions.set(input, [result]);
    });
  }
  return wrt.map((value) => total(contributions, value));
};

/** The float-valued nodes on a path from one of `sources` to `sink`, in topological order. */
const nodesBetween = (nodes: readonly Node[], sources: readonly Value[], sink: Value): readonly Node[] => {
  const reached = new Set<Value>(sources);
  const downstream = nodes.filter((node) => {
    const reaches = node.inputs.some((input) => reached.has(input)) && node.outputs.some((y) => y.dtype === "float32");
    if (reaches) for (const output of node.outputs) if (output.dtype === "float32") reached.add(output);
    return reaches;
  });
  const needed = new Set<Value>([sink]);
  const path = downstream.toReversed().filter((node) => {
    const leads = node.outputs.some((output) => needed.has(output));
    if (leads) for (const input of node.inputs) needed.add(input);
    return leads;
  });
  return path.reverse();
};

/** Sum of the contributions to a value so far. It replaces them as a single contribution. */
const total = (contributions: Map<Value, Value[]>, value: Value): Value | undefined => {
  const parts = contributions.get(value);
  if (!parts) return undefined;
  const sum = parts.reduce(add);
  contributions.set(value, [sum]);
  return sum;
};

const gradientError = (problem: string, hint: string) => new BlockZeroError("GRAPH_GRADIENT", problem, hint);
