import type { Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { weightsIn } from "./blocks/weights.js";
import { decoderHead } from "./decoder.js";
import type { ForwardShape } from "./forward.js";
import { headName } from "./parameters.js";

/** Logits up to so many bytes are made at once, and kept for the backward pass. Beyond, chunks of rows have about as many. */
const LOGIT_BYTES = 64 * 2 ** 20;

/** Rows of logits that are made at once: all, where these are small. */
const rowsAtOnce = ({ config, batchSize, sequenceLength, chunks }: ForwardShape): number => {
  const rows = batchSize * sequenceLength;
  return Math.min(rows, chunks?.rows ?? Math.max(1, Math.floor(LOGIT_BYTES / (4 * config.vocab_size))));
};

/**
 * The negative log-likelihood of each token in nats, 0 where its target is −1: hidden state after the last layer [N, d], int64 targets [N] →
 * [N]. Of many tokens, or a large vocabulary, the logits are made in chunks of rows, and again in the backward pass.
 */
export const headLosses = (
  hidden: Value,
  values: Readonly<Record<string, Value>>,
  targets: Value,
  shape: ForwardShape,
): Value => {
  const { config } = shape;
  const size = rowsAtOnce(shape);
  const rows = hidden.shape[0] as number;
  if (size >= rows) return op.tokenLosses(decoderHead(hidden, weightsIn(values, config), config), targets);
  const sizes = Array.from({ length: Math.ceil(rows / size) }, (_, i) => Math.min(size, rows - i * size));
  const [hiddens, wanted] = [op.split(hidden, sizes, 0), op.split(targets, sizes, 0)];
  const names = ["model.norm.weight", headName(config)];
  const parts = sizes.map((_, i) => ({
    inputs: [hiddens[i]!, wanted[i]!, ...names.map((name) => values[name]!)],
    build: ([own, target, ...weights]: readonly Value[]) => {
      const named = Object.fromEntries(names.map((name, at) => [name, weights[at]!]));
      return op.tokenLosses(decoderHead(own!, weightsIn(named, config), config), target!);
    },
  }));
  return op.concat(op.recompute(parts), 0);
};
