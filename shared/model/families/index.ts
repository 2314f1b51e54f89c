import type { ModelConfig, ModelType } from "#shared/protocol/model-config.js";
import type { Blocks } from "./blocks.js";
import { deepseekV2 } from "./deepseek-v2.js";
import type { Family } from "./family.js";
import { graniteMoe } from "./granitemoe.js";
import { llama } from "./llama.js";
import { mixtral } from "./mixtral.js";
import { olmoe } from "./olmoe.js";
import { qwen2Moe } from "./qwen2-moe.js";
import { qwen3 } from "./qwen3.js";
import { qwen3Moe } from "./qwen3-moe.js";

export const FAMILIES: Readonly<Record<ModelType, Family>> = {
  qwen3_moe: qwen3Moe,
  granitemoe: graniteMoe,
  olmoe,
  mixtral,
  qwen2_moe: qwen2Moe,
  deepseek_v2: deepseekV2,
  llama,
  qwen3,
};

/** The family of a model. */
export const familyOf = ({ model_type = "qwen3_moe" }: Pick<ModelConfig, "model_type">): Family => FAMILIES[model_type];

/** What a model is made of. */
export const blocksOf = (config: ModelConfig): Blocks => familyOf(config).blocks(config);
