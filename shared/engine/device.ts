import type { Graph, Value } from "./graph.js";
import type { Tensor } from "./tensor.js";

export type Tensors = Readonly<Record<string, Tensor>>;

/** A compiled graph. */
export interface Program {
  /**
   * Runs it once.
   * @param feeds one tensor per input that the outputs depend on; those of the graph's other inputs are ignored
   * @param into  outputs, by name, to be written in place instead of newly made; they must not overlap a feed
   * @returns     every output by its name; those of `into` are the same objects
   * @throws BlockZeroError GRAPH_FEED naming the tensor that is missing, unknown or of another type;
   *         GRAPH_RUN when execution fails, as with an index outside its table
   */
  run(feeds: Tensors, into?: Tensors): Promise<Record<string, Tensor>>;
  /** Frees it. No run may be under way, none may follow. */
  dispose(): Promise<void>;
}

/** Something that executes graphs. */
export interface Device {
  readonly name: string;
  /** Prepares what the named outputs need of a graph. Throws GRAPH_COMPILE when the device refuses it. */
  compile(graph: Graph, outputs: Readonly<Record<string, Value>>): Promise<Program>;
}
