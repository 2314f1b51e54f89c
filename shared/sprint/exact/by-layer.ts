import { setImmediate as yieldToEvents } from "node:timers/promises";
import { allocateExact, EXACT_BATCH, openExactProcessor } from "#shared/kernels/exact-processor.js";
import { type ExactDials, shapeOf } from "./dials.js";
import { createInputs } from "./inputs.js";
import { fitsProcessor } from "./processor-network.js";
import type { LoadOptions } from "./sprint-network.js";
import { drawWeights } from "./weights.js";

/** A nonce of a node. */
interface NodeNonce {
  /** Node seed, 64 hex digits. */
  readonly node: string;
  readonly nonce: number;
}

/** Whether the processor's kernels compute such a network here, a layer at a time. */
export const fitsByLayer = (dials: ExactDials): boolean => fitsProcessor(oneLayer(dials), 1);

const oneLayer = (dials: ExactDials): ExactDials => ({ ...dials, layers: 1 });

/**
 * Outputs [width] of nonces, in their order, through one layer after the other: the same bits as of a network that is loaded, with the memory of
 * one layer, but all weights are drawn in each call. Only where `fitsByLayer` says yes.
 *
 * @throws BlockZeroError KERNEL_MEMORY; the signal's reason
 */
export const outputsByLayer = async (
  nonces: readonly NodeNonce[],
  { dials, seed, signal }: Pick<LoadOptions, "dials" | "seed" | "signal">,
): Promise<readonly Int32Array[]> => {
  if (nonces.length === 0) return [];
  const { layers, width, inner, bound } = dials;
  const shape = shapeOf(oneLayer(dials));
  const processor = openExactProcessor(shape, allocateExact(shape, 1), 0);
  const values = new Uint8Array(nonces.length * width);
  for (const [i, { node, nonce }] of nonces.entries()) createInputs(node, dials, 0)(nonce, values, i * width);
  const drawn = [0, 1, 2].map(() => new Int8Array(inner * width)) as [Int8Array, Int8Array, Int8Array];
  for (let layer = 0; layer < layers; layer++) {
    for (const [i, weights] of drawn.entries()) {
      drawWeights(seed, 3 * layer + i, 0, weights);
      await yieldToEvents();
      signal?.throwIfAborted();
    }
    processor.load(0, drawn);
    for (let begin = 0; begin < values.length; begin += EXACT_BATCH * width) {
      await yieldToEvents();
      signal?.throwIfAborted();
      const batch = values.subarray(begin, begin + EXACT_BATCH * width);
      processor.values.set(batch);
      processor.run(batch.length / width);
      batch.set(processor.values.subarray(0, batch.length));
    }
  }
  return nonces.map((_, i) => Int32Array.from(values.subarray(i * width, (i + 1) * width), (value) => value - bound));
};
