import type { Tensors } from "#shared/engine/device.js";
import { checkFeeds } from "#shared/engine/feeds.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { batchInputs } from "#shared/model/loss.js";

/** Refuses what the whole graph would refuse. @throws BlockZeroError GRAPH_FEED; GRAPH_RUN for a token that the vocabulary does not have */
export const checkBatch = (batch: Tensors, shape: ForwardShape): void => {
  const inputs = batchInputs(shape);
  checkFeeds(batch, inputs, new Set(Object.keys(inputs)));
  const vocabulary = BigInt(shape.config.vocab_size);
  for (const [name, least] of [
    ["ids", 0n],
    ["targets", -1n],
  ] as const)
    for (const token of batch[name]!.data as BigInt64Array)
      if (token < least || token >= vocabulary)
        throw new BlockZeroError(
          "GRAPH_RUN",
          `${name} has ${token}, the vocabulary has ${vocabulary} tokens`,
          "feed tokens of the model's vocabulary",
        );
};
