import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { type FloatTensor, sizeOf } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { ensureFolder } from "#shared/files/ensure-folder.js";
import { writing } from "#shared/files/writing.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { quote } from "#shared/protocol/parsed.js";
import { floatBytes, narrow } from "#shared/tensor-files/float-dtype.js";
import { createSafetensorsFile, type SafetensorsWriter } from "#shared/tensor-files/safetensors-writer.js";
import { indexDocument } from "./checkpoint-index.js";
import { CONFIG_FILE, INDEX_FILE, planShards, type ShardPlan, WEIGHTS_FILE } from "./checkpoint-layout.js";
import { familyOf } from "./families/index.js";
import { CHECKPOINT_DTYPES, type CheckpointDType, type Separators, toHuggingFaceConfig } from "./huggingface-config.js";
import { parameterShapes } from "./parameters.js";
import { mismatch } from "./part-parameters.js";
import { storedParameters } from "./stored-parameters.js";

export interface CheckpointOptions {
  /** Precision of the weights on disk; float32 if not given. */
  readonly dtype?: CheckpointDType;
  /** Bytes of tensors in one file, above which the weights are split into shards; 5 GB if not given, as transformers has it. */
  readonly maxShardBytes?: number;
  /** Goes into the safetensors headers beside `format: pt`, without which transformers refuses a file. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What begins and ends a document; the byte tokenizer's if not given. */
  readonly separators?: Separators;
}

/** A checkpoint that is being written, tensor by tensor. */
export interface CheckpointWriter {
  /**
   * A tensor of the model, by its name; in any order, each once.
   *
   * @throws BlockZeroError CHECKPOINT_MISMATCH for a tensor that the model does not have, CHECKPOINT_RANGE, FILE_UNWRITABLE
   */
  write(name: string, tensor: Pick<FloatTensor, "shape" | "data">): Promise<void>;
  /**
   * Some of a tensor's elements, from element `from` on; in any order, each once.
   *
   * @throws BlockZeroError as `write`
   */
  writePiece(name: string, data: Float32Array, from: number): Promise<void>;
  /** Makes the files appear. @throws BlockZeroError CHECKPOINT_MISMATCH naming a tensor that was not written, FILE_UNWRITABLE */
  finish(): Promise<void>;
  /** Leaves nothing behind; after `finish` it does nothing. */
  discard(): Promise<void>;
}

const DEFAULT_SHARD_BYTES = 5e9;

/**
 * Begins a checkpoint of the model's family as `from_pretrained` of Hugging Face transformers reads it: `config.json` and `model.safetensors`, or
 * shards with `model.safetensors.index.json`. Same model and options, same bytes. The config comes last: a folder without one is no checkpoint.
 *
 * @throws BlockZeroError CHECKPOINT_EXISTS when the folder holds weights in another layout, CHECKPOINT_SHARDS, FILE_UNWRITABLE
 */
export const createCheckpoint = async (
  dir: string,
  config: ModelConfig,
  { dtype = "float32", maxShardBytes = DEFAULT_SHARD_BYTES, metadata = {}, separators }: CheckpointOptions = {},
): Promise<CheckpointWriter> => {
  const stored = CHECKPOINT_DTYPES[dtype];
  const shapes = parameterShapes(config);
  const files = storedParameters(config, familyOf(config).layouts[0]);
  const plan = planShards(
    Object.fromEntries([...files].map(([name, { shape }]) => [name, shape])),
    stored,
    maxShardBytes,
  );
  const isNew = await prepare(dir, plan);
  const header = new Map(Object.entries({ ...metadata, format: "pt" }));
  const writers: SafetensorsWriter[] = [];
  const writeTo = new Map<string, (bytes: Uint8Array, offset: number) => Promise<void>>();
  /** Elements that are still to be written. */
  const missing = new Map(Object.entries(shapes).map(([name, shape]) => [name, sizeOf(shape)]));
  const discard = async (): Promise<void> => {
    for (const writer of writers) await writer.discard();
    if (isNew && (await readdir(dir)).length === 0) await rmdir(dir);
  };
  try {
    for (const [file, names] of plan) {
      const specs = new Map(names.map((name) => [name, { dtype: stored, shape: files.get(name)!.shape }]));
      const writer = await createSafetensorsFile(join(dir, file), specs, { metadata: header });
      writers.push(writer);
      for (const name of names) {
        let at = 0;
        for (const own of files.get(name)!.holds) {
          const from = at;
          writeTo.set(own, (bytes, offset) => writer.write(name, bytes, from + offset));
          at += sizeOf(shapes[own]!) * floatBytes(stored);
        }
      }
    }
  } catch (thrown) {
    await discard();
    throw thrown;
  }
  const fail = (problem: string) => mismatch(`the model for ${dir}`, problem, "its config");
  const writePiece: CheckpointWriter["writePiece"] = async (name, data, from) => {
    const writeBytes = writeTo.get(name);
    if (!writeBytes) throw fail(`tensor ${quote(name)} is not part of it`);
    const size = sizeOf(shapes[name]!);
    if (from + data.length > size) throw fail(`tensor ${name} has elements up to ${from + data.length}, not ${size}`);
    checkRange(name, data, dtype);
    await writeBytes(narrow(stored, data), from * floatBytes(stored));
    missing.set(name, missing.get(name)! - data.length);
  };
  return {
    writePiece,
    write: async (name, { shape, data }) => {
      if (shapes[name] && `${shape}` !== `${shapes[name]}`)
        throw fail(`tensor ${name} is [${shape}], its config says [${shapes[name]}]`);
      await writePiece(name, data, 0);
    },
    finish: async () => {
      const first = [...missing].find(([, elements]) => elements > 0)?.[0];
      if (first !== undefined) throw fail(`tensor ${first} is missing`);
      for (const writer of writers) await writer.finish();
      const elements = Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);
      if (plan.size > 1) writeJson(join(dir, INDEX_FILE), indexDocument(plan, elements * floatBytes(stored)));
      writeJson(join(dir, CONFIG_FILE), toHuggingFaceConfig(config, dtype, separators));
    },
    discard,
  };
};

/** Makes the folder and says whether it was not there before. Weights that a reader would take instead of ours, or beside them, are refused. */
const prepare = async (dir: string, plan: ShardPlan): Promise<boolean> => {
  const isNew = await writing(dir, () => ensureFolder(dir));
  const names = await writing(dir, () => readdir(dir));
  const isSharded = plan.size > 1;
  const other = names.find(
    (name) =>
      (name === WEIGHTS_FILE && isSharded) ||
      (name === INDEX_FILE && !isSharded) ||
      (/^model-.*\.safetensors$/.test(name) && !plan.has(name)),
  );
  if (other !== undefined)
    throw new BlockZeroError(
      "CHECKPOINT_EXISTS",
      `${dir} holds ${other} of another checkpoint`,
      "write into a new folder, or remove that checkpoint",
    );
  return isNew !== undefined;
};

/** The largest finite number that stays finite in each precision, exclusive: half a unit above the largest there is. */
const OVERFLOW: Readonly<Record<CheckpointDType, number>> = {
  float32: Number.POSITIVE_INFINITY,
  bfloat16: (2 - 2 ** -8) * 2 ** 127,
  float16: 65_520,
};

const checkRange = (name: string, data: Float32Array, dtype: CheckpointDType): void => {
  const limit = OVERFLOW[dtype];
  if (limit === Number.POSITIVE_INFINITY) return;
  for (const value of data)
    if (Math.abs(value) >= limit && Number.isFinite(value))
      throw new BlockZeroError(
        "CHECKPOINT_RANGE",
        `tensor ${name} holds ${value}, which ${dtype} cannot`,
        dtype === "float16" ? "choose bfloat16 or float32" : "choose float32",
      );
};

/** Fields that transformers 5 takes as a float only, where Python tells 1.0 from 1. */
const FLOATS = /^( *"(?:attention_dropout|routed_scaling_factor)": -?\d+)(,?)$/gm;

const writeJson = (path: string, document: object): void =>
  writeFileAtomic(path, `${JSON.stringify(document, null, 2).replace(FLOATS, "$1.0$2")}\n`, 0o644);
