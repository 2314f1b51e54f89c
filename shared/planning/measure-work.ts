import type { Device, DeviceTensor } from "#shared/engine/device.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { zeros } from "#shared/engine/tensor.js";
import { flopsOf, type Product, type Work } from "./graph-work.js";

/** How fast a device is at some work. */
export interface WorkTime {
  /** Seconds that the work takes. */
  readonly seconds: number;
  /** Of it those of matrix products. */
  readonly products: number;
  /** Floating-point operations of the products. */
  readonly flops: number;
}

const ROUNDS = 5;
/** Products of so many shapes are measured, the largest first; the others are as fast as the last of these. */
const MOST_SHAPES = 48;
/** Additions of one run, so that starting it counts little. */
const CHAIN = 16;
/** What is no product takes so many times as long as an addition of as many bytes: exponentials, rows that move. Measured, CPU. */
const OTHERS_SHARE = 1.5;

/**
 * The time of some work on this device, from its matrix products, each shape measured alone, and from additions of the mean size in place of all
 * else.
 */
export const measureWork = async (device: Device, { products, others }: Work): Promise<WorkTime> => {
  const starting = await additionSeconds(device, 1, 1);
  const largest = products.toSorted((a, b) => flopsOf(b) * b.times - flopsOf(a) * a.times);
  let flops = 0;
  let inProducts = 0;
  let rate = 1;
  for (const [i, product] of largest.entries()) {
    if (i < MOST_SHAPES) {
      const seconds = await productSeconds(device, product);
      rate = flopsOf(product) / Math.max(seconds - starting, 0.1 * seconds);
    }
    flops += flopsOf(product) * product.times;
    inProducts += (flopsOf(product) * product.times) / rate;
  }
  // An addition reads two tensors and writes one.
  const elements = others.count === 0 ? 1 : Math.max(1, Math.round(others.bytes / others.count / 3 / 4));
  const addition = (await additionSeconds(device, elements, CHAIN)) - starting;
  const besides = (OTHERS_SHARE * others.count * Math.max(0, addition)) / CHAIN;
  return { seconds: inProducts + besides, products: inProducts, flops };
};

/** Bytes a second that additions of large tensors read and write. */
export const measureBandwidth = async (device: Device): Promise<number> => {
  const elements = 1 << 22;
  return (3 * 4 * elements) / (await additionSeconds(device, elements, 1));
};

const productSeconds = (device: Device, { a, b, transA, transB }: Product): Promise<number> => {
  const graph = new Graph();
  const y = op.matmul(graph.input("a", a), graph.input("b", b), { transA, transB });
  return runSeconds(device, graph, y, { a, b });
};

const additionSeconds = (device: Device, elements: number, chain: number): Promise<number> => {
  const graph = new Graph();
  const x = graph.input("x", [elements]);
  let y = op.add(x, graph.input("y", [elements]));
  for (let i = 1; i < chain; i++) y = op.add(x, y);
  return runSeconds(device, graph, y, { x: [elements], y: [elements] });
};

/** Median of some runs after one that does not count. */
const runSeconds = async (
  device: Device,
  graph: Graph,
  output: Value,
  inputs: Readonly<Record<string, readonly number[]>>,
): Promise<number> => {
  const program = await device.compile(graph, { output });
  const held: DeviceTensor[] = [];
  const hold = async (shape: readonly number[]) => {
    const tensor = await device.upload(zeros(shape));
    held.push(tensor);
    return tensor;
  };
  try {
    const feeds: Record<string, DeviceTensor> = {};
    for (const [name, shape] of Object.entries(inputs)) feeds[name] = await hold(shape);
    const into = await hold(output.shape.map(Number));
    const times: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const begun = performance.now();
      await program.run(feeds, { output: into });
      // A card is only told what to do: it has done it when the result can be read.
      if (!device.hostMemory) await into.read();
      if (round > 0) times.push(performance.now() - begun);
    }
    return times.sort((one, other) => one - other)[Math.floor(ROUNDS / 2)]! / 1000;
  } finally {
    for (const tensor of held) tensor.dispose();
    await program.dispose();
  }
};
