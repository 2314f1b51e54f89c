import { createRandom } from "#shared/data/random.js";
import type { Tensors } from "#shared/engine/device.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { floatTensor, intTensor, sizeOf, type Tensor } from "#shared/engine/tensor.js";
import { type ForwardShape, forward } from "#shared/model/forward.js";
import { allExperts, type Parameters, parameterShapes } from "#shared/model/parameters.js";
import { type ModelConfig, modelConfigSchema } from "#shared/protocol/model-config.js";

export const device = onnxCpu({ threads: 1 });

/** The smallest model that has everything: two layers, four experts, shared key heads. */
export const MICRO: ModelConfig = {
  vocab_size: 32,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 4,
  num_experts: 4,
  num_experts_per_tok: 2,
  moe_intermediate_size: 12,
  norm_topk_prob: true,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
};

const { num_experts: _, num_experts_per_tok: __, moe_intermediate_size, norm_topk_prob: ___, ...shape } = MICRO;

/** The same without experts: a feed-forward network as wide as one in each layer. */
export const denseMicro = (model_type: "llama" | "qwen3", more: Partial<ModelConfig> = {}): ModelConfig =>
  modelConfigSchema.parse({
    ...shape,
    model_type,
    intermediate_size: moe_intermediate_size,
    num_experts: 0,
    num_experts_per_tok: 0,
    moe_intermediate_size: 0,
    norm_topk_prob: false,
    ...more,
  });

/** Weights far from zero, so that routers and attention decide clearly. */
export const microParameters = (config = MICRO, seed = "micro"): Parameters => {
  const random = createRandom(seed);
  return Object.fromEntries(
    Object.entries(parameterShapes(config)).map(([name, shape]) => {
      const centre = shape.length === 1 ? 1 : 0;
      return [
        name,
        floatTensor(
          Array.from({ length: sizeOf(shape) }, () => centre + 1.2 * (random.next() - 0.5)),
          shape,
        ),
      ];
    }),
  );
};

export const microIds = (length: number, seed = "ids", { vocab_size } = MICRO): number[] => {
  const random = createRandom(seed);
  return Array.from({ length }, () => random.below(vocab_size));
};

interface Run {
  readonly parameters: Parameters;
  readonly ids: readonly number[];
  readonly shape: Omit<ForwardShape, "config" | "held"> & Partial<ForwardShape>;
  /** Further outputs, computed from what `forward` gives. */
  readonly outputs?: (graph: Graph, made: ReturnType<typeof forward>) => Readonly<Record<string, Value>>;
}

/** Runs `forward` once: logits, each layer's probabilities and choices (`chosen.0`), and what else is asked for. */
export const runForward = async ({ parameters, ids, shape, outputs }: Run): Promise<Record<string, Tensor>> => {
  const config = shape.config ?? MICRO;
  const full = { held: allExperts(config), ...shape, config };
  const graph = new Graph();
  const weights = Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]) => [name, graph.input(name, tensor.shape)]),
  );
  const made = forward(graph, weights, graph.input("ids", [ids.length], "int64"), full);
  const named: Record<string, Value> = { logits: made.logits, ...outputs?.(graph, made) };
  for (const [layer, { probabilities, chosen }] of made.routing.entries()) {
    named[`probabilities.${layer}`] = probabilities;
    named[`chosen.${layer}`] = chosen;
  }
  const program = await device.compile(graph, named);
  try {
    const feeds: Tensors = { ...parameters, ids: intTensor(ids) };
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
};

export const floatsOf = (tensor: Tensor | undefined): Float32Array => {
  if (tensor?.dtype !== "float32") throw new TypeError("not a float tensor");
  return tensor.data;
};

export const integersOf = (tensor: Tensor | undefined): number[] => {
  if (tensor?.dtype !== "int64") throw new TypeError("not an integer tensor");
  return Array.from(tensor.data, Number);
};

/** Largest difference of two arrays relative to the largest element of the second. */
export const relativeError = (actual: ArrayLike<number>, expected: ArrayLike<number>): number => {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let scale = Number.MIN_VALUE;
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(apart)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, apart);
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return difference === 0 ? 0 : difference / scale;
};
