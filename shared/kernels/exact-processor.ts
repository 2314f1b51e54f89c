import { setFlagsFromString } from "node:v8";
import { BlockZeroError } from "#shared/errors/error.js";
import { exactKernels, NONCES, STEP_BYTES, STEP_ROWS } from "./exact-kernels.js";
import type { ExactLayer, ExactShape } from "./exact-reference.js";

/** Nonces of a run: their values stay in a core's cache while the weights go by. */
export const EXACT_BATCH = 64;
/** Inner values between two passes over the sums. */
const CHUNK = 512;
/** Values are bytes: v + 64. */
const OFFSET = 64;
const PAGE = 65_536;
const LARGEST = 65_535 * PAGE;

/** A network in memory that threads share, and this thread's part of it. */
export interface ExactProcessor {
  /** Sets a layer's weights, for all threads. */
  load(layer: number, weights: ExactLayer): void;
  /** Values + 64 of EXACT_BATCH nonces, [EXACT_BATCH, width]: inputs before a run, outputs after it. */
  readonly values: Uint8Array;
  /** @param nonces those at the beginning of `values` to compute; rounded up to an even number */
  run(nonces: number): void;
}

/** Places of everything in the memory, in bytes. */
const layoutOf = ({ layers, width, inner }: ExactShape) => {
  const chunk = Math.min(inner, CHUNK);
  const sizes = {
    /** Pairs of gates' vectors, then the third tensor's, then both biases. */
    layer: 3 * inner * width + 4 * inner + 2 * width,
    thread: EXACT_BATCH * (width + chunk + 2 * width),
  };
  const align = (bytes: number) => 64 * Math.ceil(bytes / 64);
  return {
    chunk,
    layerAt: (layer: number) => layer * align(sizes.layer),
    threadAt: (thread: number) => layers * align(sizes.layer) + thread * align(sizes.thread),
  };
};

/**
 * Whether the kernels compute such a network on this machine: values of 7 bits, results within 16 bits of a sum, whole steps, an address
 * space that holds it, and V8's relaxed SIMD, which Node 20 still has behind a flag.
 */
export const fitsExactProcessor = (shape: ExactShape, threads: number): boolean => {
  const { width, inner, bound, shifts } = shape;
  return (
    bound === OFFSET &&
    Math.max(shifts.into, shifts.out) <= 9 &&
    width % STEP_ROWS === 0 &&
    inner % Math.min(inner, CHUNK) === 0 &&
    Math.min(inner, CHUNK) % STEP_ROWS === 0 &&
    layoutOf(shape).threadAt(threads) <= LARGEST &&
    hasRelaxedSimd()
  );
};

const hasRelaxedSimd = (): boolean => {
  if (WebAssembly.validate(exactKernels(1))) return true;
  setFlagsFromString("--experimental-wasm-relaxed-simd");
  return WebAssembly.validate(exactKernels(1));
};

/** Memory for a network and so many threads. @throws BlockZeroError KERNEL_MEMORY when there is not so much */
export const allocateExact = (shape: ExactShape, threads: number): WebAssembly.Memory => {
  const bytes = layoutOf(shape).threadAt(threads);
  const pages = Math.ceil(bytes / PAGE);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch {
    throw new BlockZeroError(
      "KERNEL_MEMORY",
      `no memory of ${(bytes / 2 ** 30).toFixed(1)} GiB for the network`,
      "free some memory, or use another device",
    );
  }
};

/** A thread's view of a network. @param thread its number, from 0 */
export const openExactProcessor = (shape: ExactShape, memory: WebAssembly.Memory, thread: number): ExactProcessor => {
  const { layers, width, inner, shifts } = shape;
  const { chunk, layerAt, threadAt } = layoutOf(shape);
  const pages = memory.buffer.byteLength / PAGE;
  const module = new WebAssembly.Module(exactKernels(pages));
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const x = threadAt(thread);
  const m = x + EXACT_BATCH * width;
  const sums = m + EXACT_BATCH * chunk;
  const gateRows = STEP_ROWS / 2;

  const run = (nonces: number): void => {
    const count = NONCES * Math.ceil(nonces / NONCES);
    for (let layer = 0; layer < layers; layer++) {
      const gates = layerAt(layer);
      const third = gates + 2 * inner * width;
      const gateBias = third + inner * width;
      const thirdBias = gateBias + 4 * inner;
      for (let first = 0; first < inner; first += chunk) {
        for (let row = 0; row < chunk; row += gateRows) {
          const group = (first + row) / gateRows;
          kernels.gates!(
            ...[x, width, gates + group * STEP_ROWS * width, STEP_ROWS * width, gateBias + group * STEP_BYTES],
            ...[m + row, chunk, x + count * width, shifts.into, shifts.gate],
          );
        }
        const isFirst = first === 0;
        for (let column = 0; column < width; column += STEP_ROWS) {
          const weights = third + (first * width + column * chunk);
          const into = sums + 2 * column;
          kernels.accumulate!(
            ...[m, chunk, weights, chunk * STEP_ROWS, isFirst ? thirdBias + 2 * column : into, isFirst ? 0 : 2 * width],
            ...[into, 2 * width, m + count * chunk],
          );
        }
      }
      kernels.finish!(x, sums, x + count * width, shifts.out);
    }
  };

  const load = (layer: number, [first, second, third]: ExactLayer): void => {
    const gates = layerAt(layer);
    const thirdAt = gates + 2 * inner * width;
    const gateBias = new Int16Array(memory.buffer, thirdAt + inner * width, 2 * inner);
    const thirdBias = new Int16Array(memory.buffer, thirdAt + inner * width + 4 * inner, width);
    packGates(new Int8Array(memory.buffer, gates, 2 * inner * width), gateBias, [first, second], shape);
    packThird(new Int8Array(memory.buffer, thirdAt, inner * width), thirdBias, third, { width, inner, chunk });
  };

  return { load, values: new Uint8Array(memory.buffer, x, EXACT_BATCH * width), run };
};

const ROWS = STEP_ROWS / 4;

/** Sixteen rows of each gate together; of each pair of terms eight rows of the first gate, eight more, then the same of the second. */
const packGates = (
  into: Int8Array,
  bias: Int16Array,
  gates: readonly [Int8Array, Int8Array],
  { width, inner, shifts }: ExactShape,
): void => {
  const group = STEP_ROWS * width;
  for (const [which, weights] of gates.entries()) {
    for (let row = 0; row < inner; row++) {
      const within = row % (2 * ROWS);
      const lane = 2 * ROWS * which + within;
      const at = Math.floor(row / (2 * ROWS)) * group + 2 * lane;
      let sum = 0;
      for (let term = 0; term < width; term += 2) {
        const [even, odd] = [weights[row * width + term]!, weights[row * width + term + 1]!];
        const place = at + term * STEP_ROWS;
        into[place] = even;
        into[place + 1] = odd;
        sum += even + odd;
      }
      bias[Math.floor(row / (2 * ROWS)) * STEP_ROWS + lane] = OFFSET * 2 ** shifts.into - OFFSET * sum;
    }
  }
};

/** Chunk by chunk, 32 columns together, of each pair of inner values. */
const packThird = (
  into: Int8Array,
  bias: Int16Array,
  weights: Int8Array,
  { width, inner, chunk }: { readonly width: number; readonly inner: number; readonly chunk: number },
): void => {
  const sums = new Int32Array(width);
  for (let row = 0; row < inner; row++) {
    const within = row % chunk;
    const at = (row - within) * width + Math.floor(within / 2) * 2 * STEP_ROWS + (within % 2);
    for (let column = 0; column < width; column++) {
      const weight = weights[row * width + column]!;
      const lane = column % STEP_ROWS;
      into[at + (column - lane) * chunk + 2 * lane] = weight;
      sums[column]! += weight;
    }
  }
  for (let column = 0; column < width; column++) bias[column] = -OFFSET * sums[column]!;
};
