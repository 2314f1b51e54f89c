import type { Graph, Value } from "#shared/engine/graph.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { Mask } from "./blocks/by-chunks.js";
import { rotaryFrequencies } from "./families/rope.js";
import type { ForwardShape } from "./forward.js";
import { causalMask, documentMask } from "./masks.js";

/** Where the tokens of a run stand, and what each may look at. */
export interface ForwardContext {
  /** cos and sin of the rotary embedding's angles, [sequence, width that turns]. */
  readonly rotation: { readonly cos: Value; readonly sin: Value };
  readonly mask: Mask;
  /** Puts keys or values [batch, heads, sequence, width] of a layer behind those of tokens before: [batch, heads, keys, width]. */
  readonly remember?: (name: string, current: Value) => Value;
  /** Which rows [N, d] of the last layer's output become logits; all if not given. */
  readonly select?: (rows: Value) => Value;
}

/** Sequences from their first token on, each token looking at itself and those before. */
export const plainContext = (graph: Graph, shape: ForwardShape): ForwardContext => ({
  rotation: rotaryTables(graph, shape),
  mask: causalMask(graph, shape),
});

/**
 * Documents one after the other in a row, each token looking at those of its own document alone. Rotary embedding makes scores of differences of
 * positions, so that positions counted from the row's beginning give what positions counted from the document's do.
 *
 * @param starts int64 [N], for each token the place in its row at which its document begins
 */
export const isolatedContext = (graph: Graph, shape: ForwardShape, starts: Value): ForwardContext => ({
  rotation: rotaryTables(graph, shape),
  mask: documentMask(graph, shape, starts),
});

/** cos and sin of position × frequency, [t, head_dim], both halves alike as `rotate_half` wants them. */
const rotaryTables = (graph: Graph, { config, sequenceLength: t }: ForwardShape): { cos: Value; sin: Value } => {
  const { cos, sin } = rotaryAngles(config, 0, t);
  return { cos: graph.constant(cos, [t, config.head_dim]), sin: graph.constant(sin, [t, config.head_dim]) };
};

/**
 * The same tables for `count` positions from `first` on, as elements.
 *
 * @param length tokens of the sequence, which frequencies of type `dynamic` depend on: positions from there on are padding
 */
export const rotaryAngles = (
  config: ModelConfig,
  first: number,
  count: number,
  length = first + count,
): { readonly cos: Float32Array; readonly sin: Float32Array } => {
  const { frequencies, magnitude } = rotaryFrequencies(config, length);
  const width = config.head_dim;
  const table = (f: (angle: number) => number) =>
    Float32Array.from(
      { length: count * width },
      (_, i) => magnitude * f((first + Math.floor(i / width)) * frequencies[i % (width / 2)]!),
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
};
