import assert from "node:assert/strict";
import fc from "fast-check";
import { gradients } from "#shared/engine/autodiff.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import { mul, reduceSum } from "#shared/engine/ops/index.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { type FloatTensor, floatTensor, sizeOf } from "#shared/engine/tensor.js";

export const device = onnxCpu({ threads: 1 });

/** Sizes that a case's shapes are made of: a, b 1–3, c 2–5. */
export interface Dims {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export type Random = () => number;

export interface GradientCase {
  readonly name: string;
  /** Shapes of the differentiated inputs. */
  readonly shapes: (dims: Dims) => readonly (readonly number[])[];
  /** Elements of the inputs; uniform in −1 … 1 by default. */
  readonly values?: (random: Random, index: number, size: number) => ArrayLike<number>;
  readonly build: (inputs: readonly Value[], graph: Graph, dims: Dims, random: Random) => Value;
}

/**
 * Compares a directional derivative of Σ R ∘ y, R random, by autodiff with its central difference. The projection is
 * summed in float64, so what is left of float32's rounding is far below the tolerance.
 */
export const checkGradient = async (gradientCase: GradientCase, seed: number, runs = 4): Promise<void> => {
  const dims = fc.record({
    a: fc.integer({ min: 1, max: 3 }),
    b: fc.integer({ min: 1, max: 3 }),
    c: fc.integer({ min: 2, max: 5 }),
    seed: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(dims, ({ seed: noise, ...sizes }) => checkOnce(gradientCase, sizes, randomFrom(noise))),
    { seed, numRuns: runs },
  );
};

const checkOnce = async ({ shapes, values = uniform, build }: GradientCase, dims: Dims, random: Random) => {
  const tensors = shapes(dims).map((shape, i) => floatTensor(values(random, i, sizeOf(shape)), shape));
  const graph = new Graph();
  const inputs = tensors.map(({ shape }, i) => graph.input(`x${i}`, shape));
  const y = build(inputs, graph, dims, random);
  const shape = y.shape.map(Number);
  const weights = uniform(random, 0, sizeOf(shape));
  const axes = shape.map((_, axis) => axis);
  const loss = reduceSum(mul(y, graph.constant(weights, shape)), axes);
  const slopes = gradients(loss, inputs);
  slopes.forEach((slope, i) => {
    assert.deepEqual(slope.shape, inputs[i]!.shape);
  });

  const program = await device.compile(graph, { y, ...Object.fromEntries(slopes.map((slope, i) => [`g${i}`, slope])) });
  try {
    const runAt = (points: readonly FloatTensor[]) =>
      program.run(Object.fromEntries(points.map((point, i) => [`x${i}`, point])));
    const project = (data: ArrayLike<number | bigint>) =>
      weights.reduce((sum, weight, i) => sum + weight * Number(data[i]), 0);

    const directions = tensors.map(({ data }, i) => uniform(random, i, data.length));
    const moved = (h: number) =>
      tensors.map(({ data, shape }, i) =>
        floatTensor(
          data.map((x, j) => x + h * directions[i]![j]!),
          shape,
        ),
      );
    const results = await runAt(tensors);
    let analytic = 0;
    let scale = 0;
    directions.forEach((direction, i) => {
      const gradient = results[`g${i}`]!.data;
      assert.equal(gradient.length, direction.length);
      direction.forEach((d, j) => {
        analytic += d * Number(gradient[j]);
        scale += Math.abs(d * Number(gradient[j]));
      });
    });
    const [after, before] = [await runAt(moved(STEP)), await runAt(moved(-STEP))];
    const numeric = (project(after.y!.data) - project(before.y!.data)) / (2 * STEP);
    assert.ok(
      Math.abs(numeric - analytic) <= 5e-3 * scale + 1e-3,
      `directional derivative ${analytic}, central difference ${numeric}`,
    );
  } finally {
    await program.dispose();
  }
};

const STEP = 1e-2;

const uniform = (random: Random, _index: number, size: number): number[] =>
  Array.from({ length: size }, () => 2 * random() - 1);

/** Mulberry32: uniform in 0 … 1. */
export const randomFrom = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};
