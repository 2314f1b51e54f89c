import { join } from "node:path";
import { type FloatTensor, sizeOf } from "#shared/engine/tensor.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { type ModelConfig, modelConfigSchema } from "#shared/protocol/model-config.js";
import { quote } from "#shared/protocol/parsed.js";
import { floatBytes, widen } from "#shared/tensor-files/float-dtype.js";
import { type CheckpointFolder, openCheckpointFolder, reading } from "./checkpoint-folder.js";
import { CONFIG_FILE } from "./checkpoint-layout.js";
import { openShards } from "./checkpoint-shards.js";
import { findTensors, type StoredTensor } from "./checkpoint-tensors.js";
import { fromHuggingFaceConfig } from "./huggingface-config.js";
import type { Parameters } from "./parameters.js";
import { mismatch } from "./part-parameters.js";

/** A checkpoint on disk: what it holds is known and checked, its tensors are read when asked for. */
export interface OpenCheckpoint {
  readonly dir: string;
  readonly config: ModelConfig;
  /** By name: exactly those of `config`, with its shapes. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The safetensors headers' own. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What a person should know of how the folder was read, a sentence each. */
  readonly notes: readonly string[];
  /** A tensor in float32. @throws BlockZeroError CHECKPOINT_MISMATCH, CHECKPOINT_MALFORMED, CHECKPOINT_TOO_LARGE */
  read(name: string): Promise<FloatTensor>;
  /**
   * Fills `into` with a tensor's elements in row-major order, from element `from` on.
   *
   * @throws BlockZeroError CHECKPOINT_MISMATCH for a tensor there is not, CHECKPOINT_MALFORMED
   */
  readInto(name: string, into: Float32Array, from?: number): Promise<void>;
  close(): Promise<void>;
}

/** The model that a checkpoint must be, and what says so in an error. */
export interface Expectation {
  readonly model: ModelConfig;
  readonly authority?: string;
}

/** Largest `config.json`. */
export const MAX_CONFIG_BYTES = 1 << 20;
/** Bytes of a file that are converted at a time: they stay in the processor's cache. */
const CHUNK_BYTES = 1 << 20;

/**
 * Opens what `createCheckpoint` or transformers' `save_pretrained` wrote: one file or shards, in float32, bfloat16 or float16.
 * Reads the config, the index and every header; of weights only an output head beside tied embeddings, to see that it equals them.
 *
 * @throws BlockZeroError CHECKPOINT_NOT_FOUND, CHECKPOINT_MALFORMED, or CHECKPOINT_MISMATCH naming the first field or tensor
 */
export const openCheckpoint = async (dir: string, expected?: Expectation): Promise<OpenCheckpoint> => {
  const folder = await openCheckpointFolder(dir);
  const configFile = join(dir, CONFIG_FILE);
  const config = await configIn(folder);
  if (expected) checkConfig(config, expected, dir);
  const shards = await openShards(folder);
  const { metadata, notes, close } = shards;
  let tensors: ReadonlyMap<string, StoredTensor>;
  try {
    tensors = await findTensors(config, shards, expected ? expected.authority : configFile);
  } catch (thrown) {
    await close();
    throw thrown;
  }

  const tensorNamed = (name: string): StoredTensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw mismatch(`checkpoint ${dir}`, `tensor ${quote(name)} is not part of it`);
    return tensor;
  };
  let spare: Uint8Array | null = null;
  const readInto = async (name: string, into: Float32Array, from = 0): Promise<void> => {
    const { dtype, file, name: stored, from: first } = tensorNamed(name);
    const size = floatBytes(dtype);
    const chunk = spare ?? new Uint8Array(CHUNK_BYTES);
    spare = null;
    for (let done = 0; done < into.length; ) {
      const part = into.subarray(done, done + CHUNK_BYTES / size);
      const bytes = chunk.subarray(0, part.length * size);
      await reading(() => file.read(stored, bytes, (first + from + done) * size));
      widen(dtype, bytes, part);
      done += part.length;
    }
    spare = chunk;
  };
  return {
    dir,
    config,
    tensors,
    metadata,
    notes,
    readInto,
    read: async (name) => {
      const { shape } = tensorNamed(name);
      const data = allocate(sizeOf(shape), name);
      await readInto(name, data);
      return { dtype: "float32", shape, data };
    },
    close,
  };
};

/** The model that a checkpoint is of, from its `config.json` alone. @throws BlockZeroError CHECKPOINT_NOT_FOUND, CHECKPOINT_MALFORMED */
export const readCheckpointConfig = async (dir: string): Promise<ModelConfig> =>
  configIn(await openCheckpointFolder(dir));

/** Tensors by name, in float32. */
export const loadTensors = async (checkpoint: OpenCheckpoint, names: Iterable<string>): Promise<Parameters> => {
  const loaded: Record<string, FloatTensor> = {};
  for (const name of names) loaded[name] = await checkpoint.read(name);
  return loaded;
};

const configIn = async (folder: CheckpointFolder): Promise<ModelConfig> =>
  fromHuggingFaceConfig(await folder.json(CONFIG_FILE, MAX_CONFIG_BYTES), join(folder.dir, CONFIG_FILE));

/** @param dir what the model is called @throws BlockZeroError CHECKPOINT_MISMATCH naming the first field that differs */
export const checkConfig = (
  config: ModelConfig,
  { model, authority = "the network file" }: Expectation,
  dir: string,
): void => {
  const said = (of: ModelConfig, field: keyof ModelConfig) => JSON.stringify(of[field]) ?? "unset";
  const differs = modelConfigSchema.keyof().options.find((field) => said(config, field) !== said(model, field));
  if (differs === undefined) return;
  const problem = `${differs} is ${said(config, differs)}, ${authority} says ${said(model, differs)}`;
  throw mismatch(`checkpoint ${dir}`, problem, authority);
};

const allocate = (length: number, name: string): Float32Array => {
  try {
    return new Float32Array(length);
  } catch (cause) {
    throw new BlockZeroError(
      "CHECKPOINT_TOO_LARGE",
      `tensor ${quote(name)} of ${length} elements does not fit into memory: ${reasonOf(cause)}`,
      "use a machine with more memory",
      { cause },
    );
  }
};
