import { dirname, relative, sep } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import type { ValueType } from "../graph.js";
import type { StoredTensor, StoredTensors } from "../stored-tensor.js";
import { int } from "./emitter.js";
import { dataType } from "./fields.js";
import type { OnnxNode } from "./lower.js";

/** Inputs that lie in files: initializers, and nodes that read them. */
export interface StoredInputs {
  /** By name of the initializer. */
  readonly initializers: ReadonlyMap<string, StoredTensor>;
  /** The given nodes, with a cast before the first use of each tensor of half precision. */
  readonly nodes: readonly OnnxNode[];
}

/**
 * Makes inputs into initializers. One of half precision is cast to float32 in every run, right before it is needed; of a table from which
 * rows are gathered, only these rows are cast.
 */
export const storeInputs = (nodes: readonly OnnxNode[], stored: StoredTensors): StoredInputs => {
  const initializers = new Map<string, StoredTensor>();
  const reading: OnnxNode[] = [];
  const isHalf = (name: string | undefined): name is string =>
    name !== undefined && stored[name] !== undefined && stored[name].dtype !== "F32";
  const raw = (name: string) => `stored/${name}`;
  const cast = (from: string, to: string) =>
    reading.push({
      name: `Stored/${to}`,
      type: "Cast",
      domain: "",
      inputs: [from],
      outputs: [to],
      attributes: { to: int(dataType.float32) },
    });
  const ready = new Set<string>();
  for (const node of nodes) {
    const [table, ...others] = node.inputs;
    if (node.type === "Gather" && isHalf(table)) {
      const [rows] = node.outputs as readonly [string];
      initializers.set(raw(table), stored[table]!);
      reading.push({ ...node, inputs: [raw(table), ...others], outputs: [raw(rows)] });
      cast(raw(rows), rows);
      continue;
    }
    for (const name of node.inputs) {
      const tensor = stored[name];
      if (tensor === undefined || ready.has(name)) continue;
      ready.add(name);
      initializers.set(isHalf(name) ? raw(name) : name, tensor);
      if (isHalf(name)) cast(raw(name), name);
    }
    reading.push(node);
  }
  return { initializers, nodes: reading };
};

/** Throws GRAPH_FEED unless each stored tensor is a float32 input of the graph, of the same shape. */
export const checkStored = (
  stored: StoredTensors,
  inputs: readonly (ValueType & { readonly name: string })[],
): void => {
  const types = new Map(inputs.map((input) => [input.name, input]));
  for (const [name, { shape }] of Object.entries(stored)) {
    const input = types.get(name);
    if (input?.dtype === "float32" && `${input.shape}` === `${shape}`) continue;
    throw new BlockZeroError(
      "GRAPH_FEED",
      `the stored tensor "${name}" [${shape.join(", ")}] ${input ? `is ${input.dtype}[${input.shape.join(", ")}] in the graph` : "is no input of the graph"}`,
      "store inputs in the type the graph was built with",
    );
  }
};

/** The deepest folder that all files are in; the paths below it. */
export const commonFolder = (
  paths: readonly string[],
): { readonly folder: string; readonly below: (path: string) => string } => {
  let folder = dirname(paths[0]!);
  const isIn = (path: string) => path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  while (!paths.every(isIn) && folder !== dirname(folder)) folder = dirname(folder);
  return { folder, below: (path) => relative(folder, path) };
};
