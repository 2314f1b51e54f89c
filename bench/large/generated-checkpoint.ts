import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { indexDocument } from "#shared/model/checkpoint-index.js";
import { CONFIG_FILE, INDEX_FILE, planShards } from "#shared/model/checkpoint-layout.js";
import { familyOf } from "#shared/model/families/index.js";
import { toHuggingFaceConfig } from "#shared/model/huggingface-config.js";
import { storedParameters } from "#shared/model/stored-parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { canonicalHeader } from "#shared/tensor-files/safetensors.js";
import { generateFile } from "./generated-file.js";
import type { Seeds } from "./seeded-weights.js";

/** Bytes of tensors in one file, as transformers has it. */
const SHARD_BYTES = 5e9;

/**
 * Writes a checkpoint of such a config in bfloat16 to an empty folder, with the names, files and index that `save_pretrained` gives it. Files are
 * sparse.
 *
 * @returns bytes of all tensors
 */
export const generateCheckpoint = (folder: string, config: ModelConfig, seeds: Seeds): number => {
  const stored = storedParameters(config, familyOf(config).layouts[0]);
  const plan = planShards(
    Object.fromEntries([...stored].map(([name, { shape }]) => [name, shape])),
    "BF16",
    SHARD_BYTES,
  );
  let total = 0;
  for (const [file, names] of plan) {
    const specs = new Map(names.map((name) => [name, { dtype: "BF16", shape: stored.get(name)!.shape }] as const));
    const header = canonicalHeader(specs, new Map([["format", "pt"]]));
    total += generateFile(join(folder, file), header, seeds) - header.bytes.length;
  }
  if (plan.size > 1) writeFileSync(join(folder, INDEX_FILE), JSON.stringify(indexDocument(plan, total)));
  writeFileSync(join(folder, CONFIG_FILE), JSON.stringify(toHuggingFaceConfig(config, "bfloat16")));
  return total;
};
