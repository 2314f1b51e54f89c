import { gradients } from "./autodiff.js";
import type { Device, DeviceTensor, Tensors } from "./device.js";
import { Graph, type Value } from "./graph.js";
import * as op from "./ops/index.js";
import { ADAMW_DEFAULTS, adamw } from "./optim/adamw.js";
import { clipFactor, globalNorm } from "./optim/clip.js";
import { type FloatTensor, floatTensor, intTensor, sizeOf } from "./tensor.js";

export interface Difference {
  readonly tensor: string;
  /** Largest difference of two elements, relative to the largest element of the reference. */
  readonly relative: number;
}

/** Smaller elements are rounding errors of larger ones. */
const SMALLEST = 1e-4;

/** Rounding, and the less exact exp of graphics cards, stay well below this. A wrong operator is far above. */
export const TOLERANCE = 2e-3;

/** Float32 sums in any order stay well below this. Products of numbers that were rounded to fewer bits, as TF32 has, are far above. */
const PRODUCT_TOLERANCE = 1e-5;
const PRODUCT = "product";

/**
 * The first tensor in which a device differs from the reference: a matrix product, which must be of float32, then those of a small training run.
 * Undefined if none does.
 */
export const firstDifference = async (device: Device, reference: Device): Promise<Difference | undefined> => {
  const product = relativeDifference(await multiplied(device), await multiplied(reference));
  if (!(product <= PRODUCT_TOLERANCE)) return { tensor: PRODUCT, relative: product };
  const expected = await trainAWhile(reference);
  const actual = await trainAWhile(device);
  for (const [tensor, { data }] of Object.entries(expected)) {
    const relative = relativeDifference(actual[tensor]?.data ?? [], data);
    if (!(relative <= TOLERANCE)) return { tensor, relative };
  }
  return undefined;
};

/** The product of two [256, 256] matrices. */
const multiplied = async (device: Device): Promise<ArrayLike<number | bigint>> => {
  const shape = [256, 256];
  const graph = new Graph();
  const product = op.matmul(graph.input("a", shape), graph.input("b", shape));
  const program = await device.compile(graph, { [PRODUCT]: product });
  try {
    return (await program.run({ a: noise(shape, 1), b: noise(shape, 1, 1) }))[PRODUCT]!.data;
  } finally {
    await program.dispose();
  }
};

/** Largest |a − b| divided by the largest |b|. NaN if an element is not finite on one side only, or the lengths differ. */
export const relativeDifference = (
  actual: ArrayLike<number | bigint>,
  expected: ArrayLike<number | bigint>,
): number => {
  if (actual.length !== expected.length) return Number.NaN;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [Number(actual[i]), Number(expected[i])];
    if (Object.is(a, b)) continue;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.NaN;
    largest = Math.max(largest, Math.abs(b));
    difference = Math.max(difference, Math.abs(a - b));
  }
  return difference / Math.max(largest, SMALLEST);
};

/** How many times as fast as another device a device multiplies large matrices in its own memory. */
export const timesAsFast = async (device: Device, other: Device): Promise<number> => {
  const ratioAt = async (size: number) => (await productTime(other, size)) / (await productTime(device, size));
  const small = await ratioAt(256);
  // Already far too slow: a graphics card emulated in software would take minutes for the large ones.
  return small < 0.1 ? small : ratioAt(1024);
};

/** Billions of floating-point operations a second of a large matrix product on a device. */
export const gigaflops = async (device: Device): Promise<number> => {
  const size = 512;
  return (2 * size ** 3) / (await productTime(device, size)) / 1e6;
};

/** Milliseconds for the product of two [size, size] matrices: the faster of two runs after a warm-up run. */
const productTime = async (device: Device, size: number): Promise<number> => {
  const graph = new Graph();
  const product = op.matmul(graph.input("a", [size, size]), graph.input("b", [size, size]));
  const program = await device.compile(graph, { sum: op.reduceSum(product, [0, 1]) });
  const [a, b] = [await device.upload(noise([size, size], 1)), await device.upload(noise([size, size], 1, 1))];
  try {
    const times: number[] = [];
    for (let run = 0; run < 3; run++) {
      const started = performance.now();
      await program.run({ a, b });
      times.push(performance.now() - started);
    }
    return Math.min(...times.slice(1));
  } finally {
    a.dispose();
    b.dispose();
    await program.dispose();
  }
};

const TOKENS = 12;
const WIDTH = 8;
const HIDDEN = 16;
const VOCABULARY = 20;
const EXPERTS = 4;
const CHOICES = 2;
const HEADS = 2;
const STEPS = 3;

const shapes: Readonly<Record<string, readonly number[]>> = {
  embedding: [VOCABULARY, WIDTH],
  attentionNorm: [WIDTH],
  query: [WIDTH, WIDTH],
  key: [WIDTH, WIDTH],
  value: [WIDTH, WIDTH],
  expertNorm: [WIDTH],
  router: [WIDTH, EXPERTS],
  ...Object.fromEntries(Array.from({ length: EXPERTS }, (_, id) => [`up.${id}`, [WIDTH, HIDDEN]])),
  ...Object.fromEntries(Array.from({ length: EXPERTS }, (_, id) => [`down.${id}`, [HIDDEN, WIDTH]])),
};

const names = Object.keys(shapes);

/** With this eps even the smallest gradient moves its parameter smoothly. With AdamW's usual eps the sign of a zero would decide. */
const optimiser = adamw({ ...ADAMW_DEFAULTS, eps: 1e-2 });

/** A one-layer MoE transformer's loss: attention, routing, experts, tied embedding. */
const lossOf = (graph: Graph, weight: (name: string) => Value): Value => {
  const head = WIDTH / HEADS;
  const angles = Array.from({ length: (TOKENS * head) / 2 }, (_, i) => i / 3);
  const table = (f: (angle: number) => number) => graph.constant(angles.map(f), [TOKENS, head / 2]);
  const heads = (x: Value) => op.transpose(op.reshape(x, [1, TOKENS, HEADS, head]), [0, 2, 1, 3]);
  const rotated = (x: Value) => op.rotaryEmbedding(heads(x), table(Math.cos), table(Math.sin));
  const mask = Array.from({ length: TOKENS ** 2 }, (_, i) => (i % TOKENS > Math.floor(i / TOKENS) ? -1e9 : 0));

  const x = op.gather(weight("embedding"), graph.input("ids", [TOKENS], "int64"));
  const h = op.rmsNorm(x, weight("attentionNorm"), 1e-5);
  const [query, key] = [rotated(op.matmul(h, weight("query"))), rotated(op.matmul(h, weight("key")))];
  const scores = op.add(
    op.matmul(query, key, { transB: true, alpha: head ** -0.5 }),
    graph.constant(mask, [1, 1, TOKENS, TOKENS]),
  );
  const attended = op.matmul(op.softmax(scores), heads(op.matmul(h, weight("value"))));
  const y = op.add(x, op.reshape(op.transpose(attended, [0, 2, 1, 3]), [TOKENS, WIDTH]));

  const normal = op.rmsNorm(y, weight("expertNorm"), 1e-5);
  const { values, indices } = op.topK(op.softmax(op.matmul(normal, weight("router"))), CHOICES);
  const shares = op.div(values, op.reduceSum(values, [-1], { keepdims: true }));
  const { sorted, join, split, combine } = op.dispatch(normal, indices, EXPERTS);
  const hidden = op.silu(join(split(sorted).map((row, id) => op.matmul(row, weight(`up.${id}`)))));
  const experts = combine(join(split(hidden).map((row, id) => op.matmul(row, weight(`down.${id}`)))));
  const mixed = op.reduceSum(op.mul(experts, op.reshape(shares, [TOKENS, CHOICES, 1])), [1]);
  const logits = op.matmul(op.add(y, mixed), weight("embedding"), { transB: true });
  return op.crossEntropy(logits, graph.input("targets", [TOKENS], "int64"));
};

const buildStep = (graph: Graph) => {
  const parameters = Object.fromEntries(names.map((name) => [name, graph.input(name, shapes[name]!)]));
  const loss = lossOf(graph, (name) => parameters[name]!);
  const grads = gradients(
    loss,
    names.map((name) => parameters[name]!),
  );
  const factor = clipFactor(globalNorm(grads), 1);
  const at = optimiser.declare(graph);
  const reported: Record<string, Value> = { loss };
  const state: Record<string, Value> = {};
  names.forEach((name, i) => {
    reported[`gradient of ${name}`] = grads[i]!;
    const [m, v] = [graph.input(`m of ${name}`, shapes[name]!), graph.input(`v of ${name}`, shapes[name]!)];
    const next = optimiser.update(at, parameters[name]!, grads[i]!, { m, v }, { factor });
    Object.assign(state, { [name]: next.parameter, [`m of ${name}`]: next.m, [`v of ${name}`]: next.v });
  });
  return { reported, state };
};

/** A few steps with the state on the device. Returns the first step's loss and gradients, and the state after the last step. */
const trainAWhile = async (device: Device): Promise<Tensors> => {
  const graph = new Graph();
  const { reported, state } = buildStep(graph);
  const program = await device.compile(graph, { ...reported, ...state });
  const held: DeviceTensor[] = [];
  const onDevice = async (start: (name: string, shape: readonly number[]) => FloatTensor) => {
    const tensors: Record<string, DeviceTensor> = {};
    for (const [name, { shape }] of Object.entries(state)) {
      tensors[name] = await device.upload(start(name, shape.map(Number)));
      held.push(tensors[name]);
    }
    return tensors;
  };
  try {
    let live = await onDevice((name, shape) => (name in shapes ? startingWeights(name, shape) : noise(shape, 0)));
    let spare = await onDevice((_, shape) => noise(shape, 0));
    let first: Tensors | undefined;
    for (let step = 1; step <= STEPS; step++) {
      const results = await program.run({ ...live, ...optimiser.scalars(step, 0.05), ...batchOf(step) }, spare);
      first ??= results;
      [live, spare] = [spare, live];
    }
    const last: Record<string, FloatTensor> = {};
    for (const [name, tensor] of Object.entries(live)) last[`${name} after ${STEPS} steps`] = await tensor.read();
    return { ...first, ...last };
  } finally {
    for (const tensor of held) tensor.dispose();
    await program.dispose();
  }
};

/** Pseudo-random, the same on every machine: the fractional part of a large multiple of a sine. */
const noise = (shape: readonly number[], amplitude: number, phase = 0): FloatTensor =>
  floatTensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => {
      const x = Math.sin(12.9898 * (i + 1) + 78.233 * phase) * 43758.5453;
      return amplitude * (2 * (x - Math.floor(x)) - 1);
    }),
    shape,
  );

const startingWeights = (name: string, shape: readonly number[]): FloatTensor =>
  noise(shape, shape.length === 1 ? 1 : 0.5, 1 + names.indexOf(name));

const batchOf = (step: number) => ({
  ids: intTensor(Array.from({ length: TOKENS }, (_, i) => (7 * i * step + step) % VOCABULARY)),
  targets: intTensor(Array.from({ length: TOKENS }, (_, i) => (3 * i + step) % VOCABULARY)),
});
