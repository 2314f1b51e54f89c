import type { Device } from "#shared/engine/device.js";
import { type CountedGraph, workOf } from "./graph-work.js";
import { type Clock, realClock } from "./laps.js";
import { type Below, measureGraphs } from "./measure-graphs.js";
import { measureWork, type WorkTime } from "./measure-work.js";

/** What some graphs take on a device, and how that was found. */
export interface GraphsTime extends WorkTime {
  /** The programs themselves were run, or products and additions of their sizes. */
  readonly by: "programs" | "products";
}

export interface GraphsOptions {
  /** As `workOf` takes them. */
  readonly rows: number;
  readonly below: Below;
  /** Whether the memory that the programs take is free here. */
  readonly hasRoom: boolean;
  /** Ends the measurement between two programs. */
  readonly signal?: AbortSignal | undefined;
}

/** The programs are run where one run of each takes no longer than so many seconds, */
const MOST_SECONDS = 15;
/** and where they have no more nodes: an ONNX Runtime session of so many takes seconds to create. */
const MOST_NODES = 10_000;

/**
 * The time of some graphs: the programs themselves are run where there is memory for it, it is soon done, and the device computes in host memory.
 * Else products of their shapes and additions of their sizes are.
 *
 * @throws the signal's reason when it aborts
 */
export const measureTime = async (
  device: Device,
  graphs: readonly CountedGraph[],
  { rows, below, hasRoom, signal }: GraphsOptions,
  now: Clock = realClock,
): Promise<GraphsTime> => {
  const work = workOf(graphs, rows);
  const time = await measureWork(device, work, now, signal);
  const lap = time.flops === 0 ? 0 : (time.seconds * work.lapFlops) / time.flops;
  const nodes = graphs.reduce((sum, { graph }) => sum + graph.nodes.length, 0);
  if (!hasRoom || !device.hostMemory || lap > MOST_SECONDS || nodes > MOST_NODES) return { ...time, by: "products" };
  return { ...time, seconds: await measureGraphs(device, graphs, below, now, signal), by: "programs" };
};
