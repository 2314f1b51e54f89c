import { assemble, type Code, f32x4, f64, f64x2, i32, type Kernel, local, repeatWhile, v128 } from "./assembler.js";

/** Bytes that a kernel handles at once: arrays are padded to whole strides. */
export const STRIDE = 64;
const VECTOR_BYTES = 16;
const HALF_BYTES = 8;

const offsets = (step: number): readonly number[] => Array.from({ length: STRIDE / step }, (_, i) => i * step);

/** The vectors of a stride hide the latency of each other's arithmetic. */
const eachVector = (code: (offset: number) => Code): Code => offsets(VECTOR_BYTES).flatMap(code);

/** Moves the pointers on, and whether the first of them has not reached `end`. */
const advance = (pointers: readonly number[], end: number): Code => [
  ...pointers.flatMap((pointer) => [
    ...[...local.get(pointer), ...i32.constant(STRIDE), ...i32.add, ...local.set(pointer)],
  ]),
  ...[...local.get(pointers[0]!), ...local.get(end), ...i32.lessUnsigned],
];

/**
 * One step of AdamW in place, each array read and written once: g = factor · gradient, m = beta1 · m + g,
 * v = beta2 · v + g², p = keep · p − rate · m / (√v + epsilon). Rounded as the same expression is in float32 tensors.
 */
const adamw = ((): Kernel => {
  const [p, m, v, gradient, end, factor, beta1, beta2, rate, epsilon, keep] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ] as const;
  const scalars = [factor, beta1, beta2, rate, epsilon, keep];
  const splat = (scalar: number) => scalar + scalars.length;
  const [g, nextM, nextV] = [17, 18, 19] as const;
  const get = local.get;
  const body = [
    ...scalars.flatMap((scalar) => [...get(scalar), ...f32x4.splat, ...local.set(splat(scalar))]),
    ...repeatWhile([
      ...eachVector((at) => [
        ...[...get(gradient), ...v128.load(at), ...get(splat(factor)), ...f32x4.mul, ...local.set(g)],
        ...[...get(m), ...get(m), ...v128.load(at), ...get(splat(beta1)), ...f32x4.mul, ...get(g), ...f32x4.add],
        ...[...local.tee(nextM), ...v128.store(at)],
        ...[...get(v), ...get(v), ...v128.load(at), ...get(splat(beta2)), ...f32x4.mul],
        ...[...get(g), ...get(g), ...f32x4.mul, ...f32x4.add, ...local.tee(nextV), ...v128.store(at)],
        ...[...get(p), ...get(p), ...v128.load(at), ...get(splat(keep)), ...f32x4.mul],
        ...[...get(nextM), ...get(nextV), ...f32x4.sqrt, ...get(splat(epsilon)), ...f32x4.add, ...f32x4.div],
        ...[...get(splat(rate)), ...f32x4.mul, ...f32x4.sub, ...v128.store(at)],
      ]),
      ...advance([p, m, v, gradient], end),
    ]),
  ];
  return {
    name: "adamw",
    parameters: ["i32", "i32", "i32", "i32", "i32", "f32", "f32", "f32", "f32", "f32", "f32"],
    locals: Array<"v128">(9).fill("v128"),
    body,
  };
})();

/** sum += addend, in place. */
const add = ((): Kernel => {
  const [sum, addend, end] = [0, 1, 2] as const;
  const body = repeatWhile([
    ...eachVector((at) => [
      ...[...local.get(sum), ...local.get(sum), ...v128.load(at), ...local.get(addend), ...v128.load(at)],
      ...[...f32x4.add, ...v128.store(at)],
    ]),
    ...advance([sum, addend], end),
  ]);
  return { name: "add", parameters: ["i32", "i32", "i32"], locals: [], body };
})();

/** Sum of squares, squared and added in float64, in one order on every machine. */
const sumOfSquares = ((): Kernel => {
  const [x, end, value] = [0, 1, 2] as const;
  const sums = [3, 4, 5, 6] as const;
  const addLanes = (sum: number) =>
    ([0, 1] as const).flatMap((lane) => [...local.get(sum), ...f64x2.extractLane(lane)]);
  const body = [
    ...repeatWhile([
      ...offsets(HALF_BYTES).flatMap((at, i) => [
        ...[...local.get(x), ...v128.loadHalf(at), ...f64x2.promoteLow, ...local.tee(value)],
        ...[...local.get(value), ...f64x2.mul, ...local.get(sums[i % 4]!), ...f64x2.add, ...local.set(sums[i % 4]!)],
      ]),
      ...advance([x], end),
    ]),
    ...sums.flatMap(addLanes),
    ...Array.from({ length: 2 * sums.length - 1 }, () => f64.add).flat(),
  ];
  return {
    name: "sumOfSquares",
    parameters: ["i32", "i32"],
    locals: Array<"v128">(5).fill("v128"),
    result: "f64",
    body,
  };
})();

/**
 * into = Σ weight · array over arrays that lie one behind the other, `size` bytes each, their weights float64: multiplied and added in that
 * order in float64, rounded once to float32.
 */
const weightedSum = ((): Kernel => {
  const [into, weights, first, end, size, weightBytes] = [0, 1, 2, 3, 4, 5] as const;
  const [array, weight, lastWeight, factor] = [6, 7, 8, 9] as const;
  const halves = offsets(HALF_BYTES);
  const sums = halves.map((_, i) => 10 + i);
  const { get, set } = local;
  const body = [
    ...[...get(weights), ...get(weightBytes), ...i32.add, ...set(lastWeight)],
    ...repeatWhile([
      ...sums.flatMap((sum) => [...v128.zero, ...set(sum)]),
      ...[...get(first), ...set(array), ...get(weights), ...set(weight)],
      ...repeatWhile([
        ...[...get(weight), ...v128.loadSplat64(0), ...set(factor)],
        ...halves.flatMap((at, i) => [
          ...[...get(sums[i]!), ...get(array), ...v128.loadHalf(at), ...f64x2.promoteLow, ...get(factor)],
          ...[...f64x2.mul, ...f64x2.add, ...set(sums[i]!)],
        ]),
        ...[...get(array), ...get(size), ...i32.add, ...set(array)],
        ...[...get(weight), ...i32.constant(HALF_BYTES), ...i32.add, ...local.tee(weight)],
        ...[...get(lastWeight), ...i32.lessUnsigned],
      ]),
      ...halves.flatMap((at, i) => [...get(into), ...get(sums[i]!), ...f32x4.demoteZero, ...v128.storeHalf(at)]),
      ...advance([into, first], end),
    ]),
  ];
  return {
    name: "weightedSum",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32"],
    locals: ["i32", "i32", "i32", ...Array<"v128">(1 + halves.length).fill("v128")],
    body,
  };
})();

/**
 * One step of SGD with Nesterov momentum in place: g = sign · gradient, b = momentum · b + g, p = p − rate · (g + momentum · b), each operation
 * rounded to float32.
 */
const nesterov = ((): Kernel => {
  const [p, b, gradient, end, rate, momentum, sign] = [0, 1, 2, 3, 4, 5, 6] as const;
  const [rates, momenta, signs, g, velocity] = [7, 8, 9, 10, 11] as const;
  const { get, set, tee } = local;
  const splats = [
    [rate, rates],
    [momentum, momenta],
    [sign, signs],
  ] as const;
  const body = [
    ...splats.flatMap(([scalar, vectors]) => [...get(scalar), ...f32x4.splat, ...set(vectors)]),
    ...repeatWhile([
      ...eachVector((at) => [
        ...[...get(gradient), ...v128.load(at), ...get(signs), ...f32x4.mul, ...set(g)],
        ...[...get(b), ...get(b), ...v128.load(at), ...get(momenta), ...f32x4.mul, ...get(g), ...f32x4.add],
        ...[...tee(velocity), ...v128.store(at)],
        ...[...get(p), ...get(p), ...v128.load(at), ...get(g), ...get(velocity), ...get(momenta), ...f32x4.mul],
        ...[...f32x4.add, ...get(rates), ...f32x4.mul, ...f32x4.sub, ...v128.store(at)],
      ]),
      ...advance([p, b, gradient], end),
    ]),
  ];
  return {
    name: "nesterov",
    parameters: ["i32", "i32", "i32", "i32", "f32", "f32", "f32"],
    locals: Array<"v128">(5).fill("v128"),
    body,
  };
})();

/** The kernels as a WebAssembly module; pointers are byte addresses, `end` that after the first array's last stride. */
export const vectorKernels = (): Uint8Array => assemble([adamw, add, sumOfSquares, weightedSum, nesterov]);
