import { gradients } from "#shared/engine/autodiff.js";
import type { Device, Tensors } from "#shared/engine/device.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import { mul, reduceSum } from "#shared/engine/ops/index.js";
import { relativeDifference } from "#shared/engine/self-check.js";
import { floatTensor, sizeOf } from "#shared/engine/tensor.js";
import { type Dims, type GradientCase, randomFrom } from "../finite-differences.js";

const uniform = (random: () => number, _index: number, size: number): number[] =>
  Array.from({ length: size }, () => 2 * random() - 1);

const SIZES: readonly Dims[] = [
  { a: 2, b: 3, c: 5 },
  { a: 1, b: 1, c: 2 },
];

/** By how much a device's result, and each of its gradients, differs from the reference's; by the tensor's name. */
export const parity = async (
  gradientCase: GradientCase,
  device: Device,
  reference: Device,
): Promise<Record<string, number>> => {
  const worst: Record<string, number> = {};
  for (const [index, dims] of SIZES.entries()) {
    const [actual, expected] = [
      await compute(gradientCase, dims, 70 + index, device),
      await compute(gradientCase, dims, 70 + index, reference),
    ];
    for (const [name, { data }] of Object.entries(expected)) {
      worst[name] = Math.max(worst[name] ?? 0, relativeDifference(actual[name]?.data ?? [], data));
    }
  }
  return worst;
};

const compute = async (gradientCase: GradientCase, dims: Dims, seed: number, device: Device): Promise<Tensors> => {
  const { graph, feeds, outputs } = buildCase(gradientCase, dims, seed);
  const program = await device.compile(graph, outputs);
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
};

/** A case's graph with its result `y` and the gradients `dx0`, `dx1`, … of a random projection of it. */
export const buildCase = ({ shapes, values = uniform, build }: GradientCase, dims = SIZES[0]!, seed = 70) => {
  const random = randomFrom(seed);
  const tensors = shapes(dims).map((shape, i) => floatTensor(values(random, i, sizeOf(shape)), shape));
  const graph = new Graph();
  const inputs = tensors.map(({ shape }, i) => graph.input(`x${i}`, shape));
  const y = build(inputs, graph, dims, random);
  const shape = y.shape.map(Number);
  const projection = mul(y, graph.constant(uniform(random, 0, sizeOf(shape)), shape));
  const slopes = gradients(reduceSum(projection, [...shape.keys()]), inputs);
  const outputs: Record<string, Value> = { y };
  for (const [i, slope] of slopes.entries()) outputs[`dx${i}`] = slope;
  return { graph, feeds: Object.fromEntries(tensors.map((tensor, i) => [`x${i}`, tensor])), outputs };
};
