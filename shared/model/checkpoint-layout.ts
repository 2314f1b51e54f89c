import { sizeOf } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type FloatDType, floatBytes } from "#shared/tensor-files/float-dtype.js";

/** The files of a checkpoint folder, as Hugging Face transformers names them. */
export const CONFIG_FILE = "config.json";
export const WEIGHTS_FILE = "model.safetensors";
export const INDEX_FILE = "model.safetensors.index.json";

/** Shards that a checkpoint may have: each is an open file while it is read or written. */
export const MAX_SHARDS = 1000;

const shardFile = (index: number, count: number): string => {
  const digits = (value: number) => String(value).padStart(5, "0");
  return `model-${digits(index + 1)}-of-${digits(count)}.safetensors`;
};

type Shapes = Readonly<Record<string, readonly number[]>>;

/** File name → names of its tensors. */
export type ShardPlan = ReadonlyMap<string, readonly string[]>;

/**
 * Fills shards in the order of `shapes` as `save_pretrained` does: one begins where the next tensor would take the last above
 * `maxShardBytes`, so only a tensor that is larger by itself makes a larger shard. A single shard is `model.safetensors`.
 *
 * @throws BlockZeroError CHECKPOINT_SHARDS above MAX_SHARDS
 */
export const planShards = (shapes: Shapes, dtype: FloatDType, maxShardBytes: number): ShardPlan => {
  const shards: string[][] = [[]];
  let filled = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const bytes = sizeOf(shape) * floatBytes(dtype);
    if (filled > 0 && filled + bytes > maxShardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)!.push(name);
    filled += bytes;
  }
  if (shards.length > MAX_SHARDS)
    throw new BlockZeroError(
      "CHECKPOINT_SHARDS",
      `shards of at most ${maxShardBytes} bytes would be ${shards.length}, at most ${MAX_SHARDS} are written`,
      "allow larger shards",
    );
  if (shards.length === 1) return new Map([[WEIGHTS_FILE, shards[0]!]]);
  return new Map(shards.map((names, i) => [shardFile(i, shards.length), names]));
};

/** The fault of a folder that holds no readable checkpoint. */
export const malformed = (problem: string, cause?: unknown) =>
  new BlockZeroError("CHECKPOINT_MALFORMED", problem, "fetch or write the checkpoint again", { cause });
