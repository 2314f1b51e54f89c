import type { Device } from "#shared/engine/device.js";
import { Graph } from "#shared/engine/graph.js";
import { matmul } from "#shared/engine/ops/index.js";
import { floatTensor } from "#shared/engine/tensor.js";

/** Size and number of the products that the machine's peak is read from: the fastest counts. */
export const PEAK = { size: 1024, count: 30 } as const;

/** FLOP/s of a large square matrix product. */
export const rateOf = (seconds: readonly number[]): number => (2 * PEAK.size ** 3) / Math.min(...seconds);

/** Times of the product on a device. */
export const multiply = async (device: Device): Promise<readonly number[]> => {
  const { size, count } = PEAK;
  const shape = [size, size];
  const graph = new Graph();
  const program = await device.compile(graph, { y: matmul(graph.input("a", shape), graph.input("b", shape)) });
  const filled = () => floatTensor(new Float32Array(size * size).fill(0.5), shape);
  const feeds = { a: filled(), b: filled() };
  const y = filled();
  const seconds: number[] = [];
  for (let i = 0; i < count; i++) {
    const begin = performance.now();
    await program.run(feeds, { y });
    seconds.push((performance.now() - begin) / 1000);
  }
  await program.dispose();
  return seconds;
};
