import { join } from "node:path";
import { quote } from "#shared/protocol/parsed.js";
import type { DType } from "#shared/tensor-files/dtype.js";
import { OFFICIAL_SAFETENSORS_LIMITS } from "#shared/tensor-files/safetensors.js";
import { openSafetensorsFile, type SafetensorsFile } from "#shared/tensor-files/safetensors-file.js";
import { type CheckpointFolder, reading } from "./checkpoint-folder.js";
import { readIndex } from "./checkpoint-index.js";
import { INDEX_FILE, malformed, WEIGHTS_FILE } from "./checkpoint-layout.js";
import { foreignFile } from "./foreign-file.js";

/** A tensor of a file. */
export interface FileTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly file: SafetensorsFile;
}

/** The weights of a checkpoint in one file or several, of which only the headers have been read. */
export interface OpenShards {
  /** What says which tensors there are: the file, or the index. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, FileTensor>;
  /** Of all files' headers together. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What a person should know of how the folder was read. */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** With this beside it a folder holds an adapter of PEFT, which `from_pretrained` loads into the model. */
const ADAPTER_FILE = "adapter_config.json";

/** @throws BlockZeroError CHECKPOINT_NOT_FOUND, CHECKPOINT_MALFORMED */
export const openShards = async (folder: CheckpointFolder): Promise<OpenShards> => {
  const index = (await folder.has(INDEX_FILE)) ? await readIndex(folder) : null;
  const names = new Set(index ? index.values() : [WEIGHTS_FILE]);
  const isStray = index !== null && !names.has(WEIGHTS_FILE) && (await folder.has(WEIGHTS_FILE));
  const hasAdapter = await folder.has(ADAPTER_FILE);
  const notes = [
    ...(isStray ? [`${WEIGHTS_FILE} is not read: ${INDEX_FILE} says where the weights are, and not there`] : []),
    ...(hasAdapter
      ? [`the adapter that ${ADAPTER_FILE} names is not read, which transformers adds: merge it first`]
      : []),
  ];
  const files = new Map<string, SafetensorsFile>();
  const close = async (): Promise<void> => {
    for (const file of files.values()) await file.close();
  };
  try {
    for (const name of names) {
      const path = await folder.locate(name);
      files.set(name, await openWeights(path));
    }
    const tensors = collect(folder.dir, files);
    const path = join(folder.dir, index ? INDEX_FILE : WEIGHTS_FILE);
    if (index) checkIndex(path, index, files);
    const metadata = new Map([...files.values()].flatMap(({ header }) => [...header.metadata]));
    return { path, tensors, metadata, notes, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
};

/** A file of weights; one that is something else is called by its name. */
const openWeights = (path: string): Promise<SafetensorsFile> =>
  reading(async () => {
    try {
      return await openSafetensorsFile(path, OFFICIAL_SAFETENSORS_LIMITS);
    } catch (thrown) {
      const kind = await foreignFile(path);
      throw kind === null ? thrown : malformed(`${path} ${kind}`, thrown);
    }
  });

const collect = (dir: string, files: ReadonlyMap<string, SafetensorsFile>): ReadonlyMap<string, FileTensor> => {
  const tensors = new Map<string, FileTensor>();
  for (const [name, file] of files)
    for (const [tensor, { dtype, shape }] of file.header.tensors) {
      const path = join(dir, name);
      if (tensors.has(tensor)) throw malformed(`${path}: tensor ${quote(tensor)} is in another shard too`);
      tensors.set(tensor, { dtype, shape, file });
    }
  return tensors;
};

/** Index and shards must say the same. */
const checkIndex = (
  path: string,
  index: ReadonlyMap<string, string>,
  files: ReadonlyMap<string, SafetensorsFile>,
): void => {
  for (const [name, file] of index)
    if (!files.get(file)!.header.tensors.has(name)) throw malformed(`${path}: tensor ${quote(name)} is not in ${file}`);
  for (const [file, { header }] of files)
    for (const name of header.tensors.keys())
      if (index.get(name) !== file) throw malformed(`${path}: tensor ${quote(name)} of ${file} is not listed there`);
};
