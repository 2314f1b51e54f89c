import { allExperts, expertOf, type HeldExperts } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { StepProgram } from "#shared/training/choose-program.js";

export interface CompileCase {
  readonly name: string;
  readonly held: HeldExperts;
  readonly trainable: (name: string) => boolean;
  /** How the step is computed; the whole graph where it is left out. */
  readonly program?: StepProgram;
  /** Seconds that it may take in all. */
  readonly target: number;
}

/** Many layers and experts, each small: what a graph costs before it runs. */
export const compiledModel = {
  norm_topk_prob: true,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
  vocab_size: 264,
  hidden_size: 64,
  num_hidden_layers: 24,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  num_experts: 64,
  num_experts_per_tok: 2,
  moe_intermediate_size: 32,
  max_position_embeddings: 64,
} as const satisfies ModelConfig;

const GROUP = [0, 1, 2, 3];

/** As one graph, and layer by layer, where creating programs does not grow with depth. */
const WHOLE_SECONDS = 2;
const LAYERS_SECONDS = 0.5;

/** What validators and miners build of a model. @param config at least 4 experts */
export const compileCasesOf = (config: ModelConfig): readonly CompileCase[] => [
  { name: "loss, all experts", held: allExperts(config), trainable: () => false, target: WHOLE_SECONDS },
  {
    name: `train ${GROUP.length} of ${config.num_experts} experts`,
    held: Array.from({ length: config.num_hidden_layers }, () => GROUP),
    trainable: (name) => expertOf(name) !== null,
    target: WHOLE_SECONDS,
  },
  { name: "train everything", held: allExperts(config), trainable: () => true, target: WHOLE_SECONDS },
  {
    name: "train everything, layer by layer",
    held: allExperts(config),
    trainable: () => true,
    program: "layers",
    target: LAYERS_SECONDS,
  },
];
