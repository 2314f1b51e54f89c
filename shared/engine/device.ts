import type { Graph, Value } from "./graph.js";
import type { FloatTensor, Tensor } from "./tensor.js";

export type Tensors = Readonly<Record<string, Tensor>>;

/** A float tensor in a device's own memory: fed to its programs, and written by them, without passing through the host. */
export interface DeviceTensor {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  /** A copy of the elements in host memory. */
  read(): Promise<FloatTensor>;
  /** Replaces the elements. Throws GRAPH_FEED for another shape. */
  write(tensor: FloatTensor): Promise<void>;
  /** Sets every element to one number. */
  fill(value: number): Promise<void>;
  /** Frees it; no run that uses it may be under way, none may follow. */
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
   * @returns     every output by its name, but for those that went into device tensors; those that went into host
   *              tensors are the same objects
   * @throws BlockZeroError GRAPH_FEED naming the tensor that is missing, unknown, of another type or another device's;
   *         GRAPH_RUN when execution fails, as with an index outside its table (which WebGPU and TensorFlow.js do not notice)
   */
  run(feeds: AnyTensors, into?: AnyTensors): Promise<Record<string, Tensor>>;
  /** Frees it. No run may be under way, none may follow. */
  dispose(): Promise<void>;
}

/** Something that executes graphs. */
export interface Device {
  readonly name: string;
  /** Its tensors are host memory, which programs read and write where it is: others may compute on it between runs. */
  readonly hostMemory: boolean;
  /** Prepares what the named outputs need of a graph. Throws GRAPH_COMPILE when the device refuses it. */
  compile(graph: Graph, outputs: Readonly<Record<string, Value>>): Promise<Program>;
  /**
   * Brings a tensor into the device's memory. A device that computes in host memory takes it over as it is, without a
   * copy, so hand over one that nobody else writes.
   */
  upload(tensor: FloatTensor): Promise<DeviceTensor>;
}
