import { allocateExact, EXACT_BATCH, openExactProcessor } from "#shared/kernels/exact-processor.js";
import {
  allocateExactWeights,
  type ByteProduct,
  openExactProducts,
  PRODUCT_BATCH,
} from "#shared/kernels/exact-products.js";
import { type ExactDials, shapeOf } from "./dials.js";
import { drawWeights } from "./weights.js";

/** Inner values of the trial at most: the first turns of a layer are like all others. */
const LARGEST_INNER = 1024;
/** Turns of each before the clock counts, in which a compiler may still be at work, and turns of which the shortest counts. */
const WARMING = 4;
const TURNS = 12;
/** Products that gain less are not worth their memory. */
const LEAST_GAIN = 1.1;

/** Whether products compute a layer like those of a network faster than kernels on this thread, with the same outputs. Some 0.1 s. */
export const compareWays = async (dials: ExactDials, product: ByteProduct): Promise<boolean> => {
  const layer = { ...dials, layers: 1, inner: Math.min(dials.inner, LARGEST_INNER) };
  const shape = shapeOf(layer);
  const kernels = openExactProcessor(shape, allocateExact(shape, 1), 0);
  const products = openExactProducts(shape, allocateExactWeights(shape), product);
  const weights = [0, 1, 2].map((tensor) => {
    const drawn = new Int8Array(layer.inner * layer.width);
    drawWeights("0".repeat(64), tensor, 0, drawn);
    return drawn;
  }) as [Int8Array, Int8Array, Int8Array];
  for (const way of [kernels, products]) way.load(0, weights);
  const inputs = Uint8Array.from({ length: PRODUCT_BATCH * layer.width }, (_, i) => Math.imul(i, 0x9e37_79b1) >>> 25);
  const outputs = new Uint8Array(inputs.length);
  const size = kernels.values.length;
  const shortest = { kernels: Number.POSITIVE_INFINITY, products: Number.POSITIVE_INFINITY };
  for (let turn = 0; turn < WARMING + TURNS; turn++) {
    const begin = performance.now();
    for (let at = 0; at < inputs.length; at += size) {
      kernels.values.set(inputs.subarray(at, at + size));
      kernels.run(EXACT_BATCH);
      outputs.set(kernels.values, at);
    }
    const between = performance.now();
    products.values.set(inputs);
    await products.run(PRODUCT_BATCH);
    const end = performance.now();
    if (!Buffer.from(outputs).equals(products.values)) return false;
    if (turn < WARMING) continue;
    shortest.kernels = Math.min(shortest.kernels, between - begin);
    shortest.products = Math.min(shortest.products, end - between);
  }
  return shortest.kernels > LEAST_GAIN * shortest.products;
};
