import type { Batch } from "./loader.js";

/** The ids of each sequence of a batch, in the batch's own memory. */
export const batchRows = ({
  ids,
  batchSize,
  sequenceLength,
}: Pick<Batch, "ids" | "batchSize" | "sequenceLength">): readonly BigInt64Array[] =>
  Array.from({ length: batchSize }, (_, row) => ids.subarray(row * sequenceLength, (row + 1) * sequenceLength));
