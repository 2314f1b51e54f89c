import type { Network } from "#shared/protocol/network.js";
import type { ForwardShape } from "./forward.js";

/** The windows of a network's text, as the forward pass takes them. */
export const windowsOf = (
  data: Network["data"],
  batchSize: number,
): Pick<ForwardShape, "batchSize" | "sequenceLength" | "isolated"> => ({
  batchSize,
  sequenceLength: data.sequence_length,
  isolated: data.sequences === "isolated",
});
