import type { Tokenizer } from "#shared/data/tokenizer.js";
import { separatorIds } from "#shared/model/huggingface-config.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";

/** `generation_config.json`: where a text begins and ends. */
export const generationConfig = (
  config: Pick<ModelConfig, "vocab_size">,
  tokenizer: Pick<Tokenizer, "startOfDocument" | "endOfDocument">,
): string => {
  const ids = separatorIds(config, tokenizer);
  // Nothing is ever filled up in training; libraries that make batches want a token for it.
  return `${JSON.stringify({ ...ids, pad_token_id: ids.eos_token_id, do_sample: false }, null, 2)}\n`;
};
