import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromFloats } from "#shared/artifact/float32.js";
import { encodeSafetensors, parseSafetensors } from "#shared/artifact/safetensors.js";
import { decodeFloats } from "#shared/artifact/update.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { type ModelConfig, modelConfigSchema } from "#shared/protocol/network.js";
import { fromHuggingFaceConfig, toHuggingFaceConfig } from "./huggingface-config.js";
import { type Parameters, parameterShapes } from "./parameters.js";
import { checkShapes, mismatch, toParameters } from "./parts.js";

const CONFIG_FILE = "config.json";
const WEIGHTS_FILE = "model.safetensors";
/** Anybody may read a checkpoint. */
const MODE = 0o644;

/** A whole model on disk, as `from_pretrained` of Hugging Face transformers reads it. */
export interface Checkpoint {
  readonly config: ModelConfig;
  /** Float32; with tied embeddings there is no `lm_head.weight`. */
  readonly parameters: Parameters;
  /** The safetensors header's own. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Writes `config.json` and `model.safetensors` (float32, one file); each appears whole or not at all. Same model and metadata, same bytes.
 *
 * @param metadata goes into the safetensors header beside `format: pt`, without which transformers refuses a file
 * @throws BlockZeroError CHECKPOINT_MISMATCH when the parameters are not exactly those of the config
 */
export const writeCheckpoint = (
  dir: string,
  config: ModelConfig,
  parameters: Parameters,
  metadata: Readonly<Record<string, string>> = {},
): void => {
  checkShapes(parameters, parameterShapes(config), `the model for ${dir}`, "its config");
  const tensors = new Map(Object.entries(parameters).map(([name, tensor]) => [name, fromFloats(tensor)]));
  const header = new Map(Object.entries({ ...metadata, format: "pt" }));
  writeFileAtomic(join(dir, WEIGHTS_FILE), encodeSafetensors(tensors, header), MODE);
  writeFileAtomic(join(dir, CONFIG_FILE), `${JSON.stringify(toHuggingFaceConfig(config), null, 2)}\n`, MODE);
};

/**
 * Reads what `writeCheckpoint` or transformers' `save_pretrained` wrote, in float32 and one file, and nothing less or more.
 *
 * @param expected the model that it must be, as a network file says it
 * @throws BlockZeroError CHECKPOINT_NOT_FOUND, CHECKPOINT_MALFORMED, or CHECKPOINT_MISMATCH naming the first field or tensor
 */
export const readCheckpoint = (dir: string, expected?: ModelConfig): Checkpoint => {
  const configFile = join(dir, CONFIG_FILE);
  const config = fromHuggingFaceConfig(parsedJson(configFile), configFile);
  if (expected) checkConfig(config, expected, dir);
  const weightsFile = join(dir, WEIGHTS_FILE);
  const { parameters, metadata } = readWeights(weightsFile);
  checkShapes(parameters, parameterShapes(config), weightsFile, expected ? undefined : configFile);
  return { config, parameters, metadata };
};

const readWeights = (path: string): Omit<Checkpoint, "config"> => {
  const bytes = readBytes(path);
  try {
    return { parameters: toParameters(decodeFloats(bytes)), metadata: parseSafetensors(bytes).metadata };
  } catch (cause) {
    throw malformed(path, reasonOf(cause), cause);
  }
};

const checkConfig = (config: ModelConfig, expected: ModelConfig, dir: string): void => {
  const differs = modelConfigSchema.keyof().options.find((field) => config[field] !== expected[field]);
  if (differs === undefined) return;
  throw mismatch(`checkpoint ${dir}`, `${differs} is ${config[differs]}, the network file says ${expected[differs]}`);
};

const parsedJson = (path: string): unknown => {
  const bytes = readBytes(path);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed(path, reasonOf(cause), cause);
  }
};

const readBytes = (path: string): Uint8Array => {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new BlockZeroError(
      "CHECKPOINT_NOT_FOUND",
      `cannot read ${path}: ${reasonOf(cause)}`,
      `name a folder with ${CONFIG_FILE} and ${WEIGHTS_FILE}; weights in several files are not supported`,
      { cause },
    );
  }
};

const malformed = (path: string, problem: string, cause: unknown) =>
  new BlockZeroError("CHECKPOINT_MALFORMED", `${path}: ${problem}`, "fetch or write the checkpoint again, in float32", {
    cause,
  });
