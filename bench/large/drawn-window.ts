import type { Batch } from "#shared/data/loader.js";
import { createRandom } from "#shared/data/random.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";

/** Ids are drawn from so many, whose rows have weights. */
export const ROWS = 2048;

/** A window of tokens of a generated model, by its number: ids and the token after each. */
export const drawnWindow = (
  window: number,
  sequence: number,
  { vocab_size }: Pick<ModelConfig, "vocab_size">,
): { readonly ids: BigInt64Array; readonly targets: BigInt64Array } => {
  const random = createRandom(`large/window ${window}`);
  const ids = BigInt64Array.from({ length: sequence + 1 }, () => BigInt(random.below(Math.min(ROWS, vocab_size))));
  return { ids: ids.slice(0, sequence), targets: ids.slice(1) };
};

/** The same as a batch of one window. */
export const drawnBatch = (window: number, sequence: number, model: Pick<ModelConfig, "vocab_size">): Batch => ({
  ...drawnWindow(window, sequence, model),
  counted: sequence,
  bytes: sequence,
  batchSize: 1,
  sequenceLength: sequence,
});
