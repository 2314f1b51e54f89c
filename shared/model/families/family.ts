import type { ModelConfig, ModelType } from "#shared/protocol/model-config.js";
import type { Blocks } from "./blocks.js";
import type { TensorLayout } from "./tensor-layout.js";

/** A family of models: what differs from the others on the one forward pass, and in files. */
export interface Family {
  readonly type: ModelType;
  /** Its class in transformers. */
  readonly architecture: string;
  /** What its publishers call it. */
  readonly title: string;
  readonly blocks: (config: ModelConfig) => Blocks;
  readonly file: ConfigFile;
  /** How its files call the tensors: as transformers writes them, and how else they may. */
  readonly layouts: readonly [TensorLayout, ...TensorLayout[]];
}

/** How the family's `config.json` says what `ModelConfig` says. */
export interface ConfigFile {
  /** Names there of keys that are called otherwise here; all are read, the first is written. */
  readonly names?: Readonly<Partial<Record<keyof ModelConfig, readonly [string, ...string[]]>>>;
  /** Values of keys that are left out there; transformers' own. */
  readonly defaults?: Readonly<Partial<ModelConfig>>;
  /** Keys that the family's files do not have, or that have one value in all of them. */
  readonly fixed?: Readonly<Partial<ModelConfig>>;
  /** Fields whose other values would be another arithmetic; one that is left out has this value. */
  readonly assumes?: Readonly<Record<string, unknown>>;
  /** Fields of which other values than these are not known; one that is left out has the first. */
  readonly knows?: Readonly<Record<string, readonly [unknown, ...unknown[]]>>;
  /** Base of the rotary embedding where none is given; 10,000 if not named. */
  readonly ropeTheta?: number;
  /** Keys that follow from fields with a rule of their own. */
  readonly read?: (
    document: Readonly<Record<string, unknown>>,
  ) => Readonly<Partial<Record<keyof ModelConfig, unknown>>>;
  /** Fields that transformers wants besides. */
  readonly write?: (config: ModelConfig) => Readonly<Record<string, unknown>>;
}

/** What a dense family says of experts. */
export const WITHOUT_EXPERTS = {
  num_experts: 0,
  num_experts_per_tok: 0,
  moe_intermediate_size: 0,
  norm_topk_prob: false,
} as const;
