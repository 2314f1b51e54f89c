import { sizeOf } from "#shared/engine/tensor.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { quote } from "#shared/protocol/parsed.js";
import { type FloatDType, floatBytes, isFloatDType } from "#shared/tensor-files/float-dtype.js";
import type { SafetensorsFile } from "#shared/tensor-files/safetensors-file.js";
import { reading } from "./checkpoint-folder.js";
import { malformed } from "./checkpoint-layout.js";
import type { FileTensor, OpenShards } from "./checkpoint-shards.js";
import { blocksOf, familyOf } from "./families/index.js";
import { EMBEDDING, parameterShapes } from "./parameters.js";
import { mismatch } from "./part-parameters.js";
import { type StoredParameters, storedParameters } from "./stored-parameters.js";

/** A tensor of a model where it lies: in a file's tensor, perhaps with others. */
export interface StoredTensor {
  readonly dtype: FloatDType;
  readonly shape: readonly number[];
  readonly file: SafetensorsFile;
  /** The file's name for what it lies in. */
  readonly name: string;
  /** Its first element there. */
  readonly from: number;
}

const HEAD = "lm_head.weight";

/** Tensors that transformers computes itself, which older versions of it, and of PyTorch, saved all the same. */
const BUFFER = /(?:^|\.)(?:rotary_emb\.(?:inv_freq|cos_cached|sin_cached)|position_ids|masked_bias)$/;

/**
 * Finds a model's tensors in files of its family, whichever of the family's layouts they have.
 *
 * As in transformers, buffers are passed over, and so is an output head beside tied embeddings, if it equals them. A head that does not is
 * refused: transformers 4 takes no notice of it, transformers 5 computes with it.
 *
 * @param authority what says which tensors there are, in an error
 * @throws BlockZeroError CHECKPOINT_MISMATCH naming the first tensor, CHECKPOINT_MALFORMED
 */
export const findTensors = async (
  config: ModelConfig,
  shards: OpenShards,
  authority: string | undefined,
): Promise<ReadonlyMap<string, StoredTensor>> => {
  const { path, tensors } = shards;
  const fail = (problem: string) => mismatch(path, problem, authority);
  checkCount(config, tensors, authority ?? path);
  const shapes = parameterShapes(config);
  const known = knownTensors(config);
  if (config.tie_word_embeddings && !tensors.has(EMBEDDING)) known.set(HEAD, known.get(EMBEDDING)!);

  const found = new Map<string, StoredTensor>();
  const others: string[] = [];
  for (const [name, tensor] of tensors) {
    const stored = known.get(name);
    if (stored === undefined) {
      if (!BUFFER.test(name)) others.push(name);
      continue;
    }
    const { dtype, shape, file } = tensor;
    if (!isFloatDType(dtype)) throw malformed(`${file.path}: tensor ${quote(name)} is ${dtype}, not F32, BF16 or F16`);
    if (`${shape}` !== `${stored.shape}`)
      throw fail(`tensor ${name} is [${shape}], ${authority ?? NETWORK_FILE} says [${stored.shape}]`);
    let from = 0;
    for (const own of stored.holds) {
      if (found.has(own)) throw malformed(`${path}: ${found.get(own)!.name} and ${name} both hold ${own}`);
      found.set(own, { dtype, shape: shapes[own]!, file, name, from });
      from += sizeOf(shapes[own]!);
    }
  }
  const missing = Object.keys(shapes).find((name) => !found.has(name));
  if (missing !== undefined) throw fail(`tensor ${writtenName(config, missing)} is missing`);
  const extra = others.find((name) => name !== HEAD || !config.tie_word_embeddings);
  if (extra !== undefined) throw fail(`tensor ${quote(extra)} is not part of it`);
  if (others.includes(HEAD) && !(await areEqual(tensors.get(HEAD)!, HEAD, tensors.get(EMBEDDING)!, EMBEDDING)))
    throw malformed(
      `${path}: the config ties the embeddings, but ${HEAD} differs from ${EMBEDDING}: set tie_word_embeddings to false, or take that tensor out`,
    );
  return found;
};

const NETWORK_FILE = "the network file";

/** Every name that a file of the family may have for some of the model's tensors. */
const knownTensors = (config: ModelConfig): Map<string, StoredParameters> =>
  new Map(familyOf(config).layouts.flatMap((layout) => [...storedParameters(config, layout)]));

/** A tensor's name in a file as transformers writes it. */
const writtenName = (config: ModelConfig, own: string): string => {
  const [layout] = familyOf(config).layouts;
  for (const [name, { holds }] of storedParameters(config, layout)) if (holds.includes(own)) return name;
  return own;
};

/** Most tensors of experts that are spelt out where a layer's are together, so that the header does not bound them. */
const MAX_TOGETHER = 1 << 20;

/** Before the names of all tensors are spelt out: a config of a few bytes may describe more of them than memory holds. */
const checkCount = (config: ModelConfig, tensors: ReadonlyMap<string, FileTensor>, authority: string): void => {
  const together = [...tensors.values()].some(({ shape }) => shape.length === 3);
  const most = 2 * tensors.size + (together ? MAX_TOGETHER : 1000);
  const described = config.num_hidden_layers > most ? config.num_hidden_layers : expertTensors(config);
  if (described > most) throw malformed(`${authority}: describes ${described} tensors, the files hold ${tensors.size}`);
};

/** Number of the experts' tensors, without naming them. */
const expertTensors = (config: ModelConfig): number => {
  const { isSparse } = blocksOf(config);
  let layers = 0;
  for (let layer = 0; layer < config.num_hidden_layers; layer++) if (isSparse(layer)) layers++;
  return 3 * layers * config.num_experts;
};

const CHUNK_BYTES = 1 << 20;

/** Whether two tensors of files hold the same bytes. */
const areEqual = async (a: FileTensor, aName: string, b: FileTensor, bName: string): Promise<boolean> => {
  if (a.dtype !== b.dtype || `${a.shape}` !== `${b.shape}` || !isFloatDType(a.dtype)) return false;
  const bytes = sizeOf(a.shape) * floatBytes(a.dtype);
  const [ours, theirs] = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)];
  for (let at = 0; at < bytes; at += CHUNK_BYTES) {
    const size = Math.min(CHUNK_BYTES, bytes - at);
    await reading(() => a.file.read(aName, ours.subarray(0, size), at));
    await reading(() => b.file.read(bName, theirs.subarray(0, size), at));
    if (Buffer.compare(ours.subarray(0, size), theirs.subarray(0, size)) !== 0) return false;
  }
  return true;
};
