import type { Graph, Value } from "./graph.js";
import type { StoredTensors } from "./stored-tensor.js";
import type { FloatTensor, Tensor } from "./tensor.js";

export type Tensors = Readonly<Record<string, Tensor>>;

/** A float tensor in a device's own memory. Programs read and write it without a copy through the host. */
export interface DeviceTensor {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  /** A copy of the elements in host memory. */
  read(): Promise<FloatTensor>;
  /** Replaces the elements. Throws GRAPH_FEED for another shape. */
  write(tensor: FloatTensor): Promise<void>;
  /** Sets every element to one number. */
  fill(value: number): Promise<void>;
  /** Frees it. No run that uses it may be in progress or follow. */
  dispose(): void;
}

export type AnyTensor = Tensor | DeviceTensor;

export type AnyTensors = Readonly<Record<string, AnyTensor>>;

/** A compiled graph. */
export interface Program {
  /**
   * Runs it once.
   * @param feeds one tensor per input that the outputs depend on; those of the graph's other inputs are ignored
   * @param into  outputs, by name, to be written in place instead of newly made; they must not overlap a feed
   * @returns     every output by its name, except those written into device tensors; those written into host
   *              tensors are the same objects
   * @throws BlockZeroError GRAPH_FEED naming the tensor that is missing, unknown, of another type or another device's;
   *         GRAPH_RUN when execution fails, for example for an index outside its table (which WebGPU and TensorFlow.js do not notice)
   */
  run(feeds: AnyTensors, into?: AnyTensors): Promise<Record<string, Tensor>>;
  /** Frees it. No run may be in progress or follow. */
  dispose(): Promise<void>;
}

export interface CompileOptions {
  /**
   * Inputs whose elements the program takes from files, for all its runs. They are fed no more. The files must not change while the program
   * exists. Pages that a run reads are the system's file cache, not the process's memory.
   */
  readonly stored?: StoredTensors;
}

/** Something that executes graphs. */
export interface Device {
  readonly name: string;
  /** Whether its tensors are in host memory, which programs read and write in place. Other code may then compute on them between runs. */
  readonly hostMemory: boolean;
  /** Whether its programs take inputs from files. */
  readonly mapsFiles: boolean;
  /**
   * Compiles the part of a graph that the named outputs need.
   * @throws BlockZeroError GRAPH_COMPILE when the device refuses it, or a file is too short; GRAPH_FEED for a stored tensor that is no input
   *         or of another shape
   */
  compile(graph: Graph, outputs: Readonly<Record<string, Value>>, options?: CompileOptions): Promise<Program>;
  /**
   * Copies a tensor into the device's memory. A device that computes in host memory uses the tensor itself, without a copy, so pass one
   * that no other code writes.
   */
  upload(tensor: FloatTensor): Promise<DeviceTensor>;
}
