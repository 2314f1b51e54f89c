import type { Device, DeviceTensor } from "#shared/engine/device.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { BYTES, floatTensor, sizeOf } from "#shared/engine/tensor.js";
import { flopsOf, type Product, type Work } from "./graph-work.js";
import { type Clock, medianSeconds, realClock } from "./laps.js";
import { seededPiece } from "./seeded-pool.js";

/** How fast a device is at some work. */
export interface WorkTime {
  /** Seconds that the work takes. */
  readonly seconds: number;
  /** Of it those of matrix products. */
  readonly products: number;
  /** Floating-point operations of the products. */
  readonly flops: number;
}

/** Products of so many shapes are measured, the largest first; the others are as fast as the last of these. */
const MOST_SHAPES = 48;
/** A run is of several operators one after the other, at most so many, so that waking the device's threads counts as little as in a step. */
const MOST_TOGETHER = 16;
/** What they read has so many bytes together, more than a cache holds, as a step's weights have. */
const COLD_BYTES = 64 * 2 ** 20;
/** Of products that take longer by themselves fewer are made. */
const TOGETHER_FLOPS = 4e9;
/** What is no product takes so many times as long as an addition of as many bytes: exponentials, rows that move. Measured, CPU. */
const OTHERS_SHARE = 1.5;

/** A program that is timed, and what it is given. */
interface Part {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Value>>;
  /** Operators of it, one after the other. */
  readonly together: number;
}

/**
 * The time of some work on this device, from its matrix products by their shapes, and from additions of about the same size in place of all else.
 * Laps go over all of these; operands are written, and are not in a cache.
 *
 * @throws the signal's reason when it aborts, between two programs
 */
export const measureWork = async (
  device: Device,
  { products, others }: Work,
  now: Clock = realClock,
  signal?: AbortSignal,
): Promise<WorkTime> => {
  const largest = products.toSorted((a, b) => flopsOf(b) * b.times - flopsOf(a) * a.times);
  const timed = largest.slice(0, MOST_SHAPES);
  const additions = others.map(({ count, bytes }) =>
    // An addition reads two tensors and writes one.
    additionsOf(Math.max(1, Math.round(bytes / count / 3 / BYTES.float32))),
  );
  const parts = [additionsOf(1, 1), ...timed.map(productsOf), ...additions];
  const [starting, ...seconds] = await secondsOf(device, parts, now, signal);
  /** Seconds of one operator of a part. */
  const alone = seconds.map((of, i) => Math.max(of - starting!, 0.1 * of) / parts[i + 1]!.together);

  let flops = 0;
  let inProducts = 0;
  let rate = 1;
  for (const [i, product] of largest.entries()) {
    if (i < timed.length) rate = flopsOf(product) / alone[i]!;
    flops += flopsOf(product) * product.times;
    inProducts += (flopsOf(product) * product.times) / rate;
  }
  const besides = others.reduce((sum, { count }, i) => sum + OTHERS_SHARE * count * alone[timed.length + i]!, 0);
  return { seconds: inProducts + besides, products: inProducts, flops };
};

/** Products of one operand with others, which lie one after the other. */
const productsOf = (product: Product): Part => {
  const { a, b, transA, transB } = product;
  const many = Math.min(COLD_BYTES / (BYTES.float32 * sizeOf(b)), TOGETHER_FLOPS / flopsOf(product));
  const together = Math.max(1, Math.min(MOST_TOGETHER, Math.ceil(many)));
  const graph = new Graph();
  const left = graph.input("a", a);
  const outputs = Array.from({ length: together }, (_, i) =>
    op.matmul(left, graph.input(`b${i}`, b), { transA, transB }),
  );
  return { graph, outputs: Object.fromEntries(outputs.map((y, i) => [`y${i}`, y])), together };
};

/** Additions of many tensors to one. */
const additionsOf = (elements: number, most = MOST_TOGETHER): Part => {
  const many = Math.ceil(COLD_BYTES / (BYTES.float32 * elements));
  const together = Math.min(most, Math.max(2, many));
  const graph = new Graph();
  let sum = graph.input("x", [elements]);
  for (let i = 0; i < together; i++) sum = op.add(sum, graph.input(`x${i}`, [elements]));
  return { graph, outputs: { sum }, together };
};

/** Seconds of one run of each. */
const secondsOf = async (
  device: Device,
  parts: readonly Part[],
  now: Clock,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> => {
  const elementsOf = (values: readonly Value[]) =>
    values.reduce((sum, { shape }) => sum + sizeOf(shape.map(Number)), 0);
  const most = (count: (part: Part) => number) => Math.max(...parts.map(count));
  // All operands are pieces of one array, all results of another.
  const operands = seededPiece(
    "plan",
    Math.max(
      COLD_BYTES / BYTES.float32,
      most(({ graph }) => elementsOf(graph.inputs)),
    ),
    0.04,
  );
  const results = new Float32Array(most(({ outputs }) => elementsOf(Object.values(outputs))));
  let next = 0;
  const close: (() => Promise<void>)[] = [];
  try {
    const runs: (() => Promise<number>)[] = [];
    for (const { graph, outputs } of parts) {
      signal?.throwIfAborted();
      const program = await device.compile(graph, outputs);
      close.push(() => program.dispose());
      runs.push(async () => {
        if (next + elementsOf(graph.inputs) > operands.length) next = 0;
        const held: DeviceTensor[] = [];
        const hold = async (from: Float32Array, at: number, { shape }: Value) => {
          const size = shape.map(Number);
          const tensor = await device.upload(floatTensor(from.subarray(at, at + sizeOf(size)), size));
          held.push(tensor);
          return tensor;
        };
        try {
          const feeds: Record<string, DeviceTensor> = {};
          for (const value of graph.inputs) {
            feeds[value.name] = await hold(operands, next, value);
            next += elementsOf([value]);
          }
          const into: Record<string, DeviceTensor> = {};
          let at = 0;
          for (const [name, value] of Object.entries(outputs)) {
            into[name] = await hold(results, at, value);
            at += elementsOf([value]);
          }
          const begun = now();
          await program.run(feeds, into);
          // A card is only told what to do: it has done it when the result can be read.
          if (!device.hostMemory) await held.at(-1)!.read();
          return (now() - begun) / 1000;
        } finally {
          for (const tensor of held) tensor.dispose();
        }
      });
    }
    return await medianSeconds(runs, signal);
  } finally {
    for (const dispose of close) await dispose();
  }
};
