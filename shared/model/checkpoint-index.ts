import { join } from "node:path";
import { z } from "zod";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import { quote } from "#shared/protocol/parsed.js";
import type { CheckpointFolder } from "./checkpoint-folder.js";
import { INDEX_FILE, MAX_SHARDS, malformed, type ShardPlan } from "./checkpoint-layout.js";

/** Name of a shard that is a file of the folder itself. */
const SHARD = /^[^/\\\0]+\.safetensors$/;
const MAX_INDEX_BYTES = 32 << 20;

/** A record leaves `__proto__` out without a word; the tensor of that name would be nowhere. */
const weightMapSchema = z
  .unknown()
  .refine((map) => !Object.hasOwn(Object(map), "__proto__"))
  .pipe(z.record(z.string(), z.string()));

const indexSchema = z.object({ weight_map: weightMapSchema });

/** Which shard each tensor is in, as the index says; whether that is so is for the reader to see. @throws BlockZeroError CHECKPOINT_MALFORMED */
export const readIndex = async (folder: CheckpointFolder): Promise<ReadonlyMap<string, string>> => {
  const path = join(folder.dir, INDEX_FILE);
  const document = indexSchema.safeParse(await folder.json(INDEX_FILE, MAX_INDEX_BYTES));
  if (!document.success) throw malformed(`${path}: weight_map is not an object of tensors and their files`);
  const map = new Map(Object.entries(document.data.weight_map));
  for (const [name, file] of map)
    if (!SHARD.test(file))
      throw malformed(`${path}: tensor ${quote(name)} is in ${quote(file)}, no shard of this folder`);
  if (map.size === 0) throw malformed(`${path}: names no tensor`);
  const shards = new Set(map.values()).size;
  if (shards > MAX_SHARDS) throw malformed(`${path}: names ${shards} shards, at most ${MAX_SHARDS} are read`);
  return map;
};

/** `model.safetensors.index.json` of the shards, as transformers writes it. */
export const indexDocument = (shards: ShardPlan, bytes: number): object => ({
  metadata: { total_size: bytes },
  weight_map: Object.fromEntries(
    [...shards]
      .flatMap(([file, names]) => names.map((name) => [name, file] as const))
      .sort(([a], [b]) => compareTexts(a, b)),
  ),
});
