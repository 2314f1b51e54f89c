import { BlockZeroError } from "#shared/errors/error.js";
import { exactElementwise, GROUP } from "./exact-elementwise.js";
import type { ExactLayer, ExactShape } from "./exact-reference.js";

/** Nonces of a run. With fewer, what a product packs and what is copied weigh more. */
export const PRODUCT_BATCH = 256;
/** Inner values between two passes over the sums. */
const CHUNK = 512;
const PAGE = 65_536;
/** Terms that are packed together, so that the lines they are written to stay in a cache. */
const TERMS = 16;

/** A product of matrices in integers of 32 bits: y = (x − 64) · w. */
export type ByteProduct = (product: {
  /** Values + 64, [rows, terms]. */
  readonly x: Uint8Array;
  /** [terms, columns]. */
  readonly w: Int8Array;
  /** [rows, columns]. */
  readonly y: Int32Array;
  readonly rows: number;
}) => Promise<void>;

/** A network whose weights threads share, and this thread's part of it. */
export interface ExactProducts {
  /** Sets a layer's weights, for all threads. */
  load(layer: number, weights: ExactLayer): void;
  /** Values + 64 of PRODUCT_BATCH nonces, [PRODUCT_BATCH, width]: inputs before a run, outputs after it. */
  readonly values: Uint8Array;
  /** @param nonces those at the beginning of `values` to compute */
  run(nonces: number): Promise<void>;
}

/** Memory for a network's weights, a byte each. @throws BlockZeroError KERNEL_MEMORY when there is not so much */
export const allocateExactWeights = ({ layers, width, inner }: ExactShape): SharedArrayBuffer => {
  const bytes = 3 * layers * width * inner;
  try {
    return new SharedArrayBuffer(bytes);
  } catch {
    throw new BlockZeroError(
      "KERNEL_MEMORY",
      `no memory of ${(bytes / 2 ** 30).toFixed(1)} GiB for the network`,
      "free some memory, or use another device",
    );
  }
};

/**
 * A thread's view of a network that `fitsExactProcessor`: products by another library, what lies between them in WebAssembly. A library takes no
 * memory that threads share, so a chunk's weights are copied before its product, one byte for 2 · PRODUCT_BATCH operations.
 */
export const openExactProducts = (
  shape: ExactShape,
  weights: SharedArrayBuffer,
  product: ByteProduct,
): ExactProducts => {
  const { layers, width, inner } = shape;
  const chunk = Math.min(inner, CHUNK);
  const most = Math.max(2 * chunk, width);
  const m = PRODUCT_BATCH * width;
  const tile = m + PRODUCT_BATCH * chunk;
  const sums = tile + 2 * chunk * width;
  const totals = sums + 4 * PRODUCT_BATCH * most;
  const pages = Math.ceil((totals + 4 * PRODUCT_BATCH * width) / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { buffer } = memory;
  const module = new WebAssembly.Module(exactElementwise(shape));
  const { combine, accumulate, finish } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const layerBytes = 3 * inner * width;
  const gatesAt = (layer: number, first: number) => layer * layerBytes + 2 * first * width;
  const thirdAt = (layer: number, first: number) => layer * layerBytes + (2 * inner + first) * width;
  /** This thread's copy of shared weights. */
  const copied = (at: number, bytes: number): Int8Array => {
    const into = new Int8Array(buffer, tile, bytes);
    into.set(new Int8Array(weights, at, bytes));
    return into;
  };

  const run = async (rows: number): Promise<void> => {
    const x = new Uint8Array(buffer, 0, rows * width);
    const values = new Uint8Array(buffer, m, rows * chunk);
    const gates = new Int32Array(buffer, sums, rows * 2 * chunk);
    for (let layer = 0; layer < layers; layer++) {
      for (let first = 0; first < inner; first += chunk) {
        await product({ x, w: copied(gatesAt(layer, first), 2 * chunk * width), y: gates, rows });
        combine!(sums, sums + gates.byteLength, m);
        const y = new Int32Array(buffer, first === 0 ? totals : sums, rows * width);
        await product({ x: values, w: copied(thirdAt(layer, first), chunk * width), y, rows });
        if (first > 0) accumulate!(totals, totals + y.byteLength, sums);
      }
      finish!(0, rows * width, totals);
    }
  };

  const load = (layer: number, [first, second, third]: ExactLayer): void => {
    for (let row = 0; row < inner; row += chunk) {
      const into = new Int8Array(weights, gatesAt(layer, row), 2 * chunk * width);
      packGates(into, [first, second], { width, row, chunk });
    }
    new Int8Array(weights, thirdAt(layer, 0), inner * width).set(third);
  };

  return { load, values: new Uint8Array(buffer, 0, PRODUCT_BATCH * width), run };
};

/** Rows of both gates as columns, GROUP of the first, then as many of the second. */
const packGates = (
  into: Int8Array,
  gates: readonly [Int8Array, Int8Array],
  { width, row, chunk }: { readonly width: number; readonly row: number; readonly chunk: number },
): void => {
  for (const [which, weights] of gates.entries()) {
    for (let block = 0; block < width; block += TERMS) {
      for (let within = 0; within < chunk; within++) {
        const column = 2 * within - (within % GROUP) + which * GROUP;
        const from = (row + within) * width;
        for (let term = block; term < block + TERMS; term++) into[term * 2 * chunk + column] = weights[from + term]!;
      }
    }
  }
};
