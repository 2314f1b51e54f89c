import type { ModelConfig } from "#shared/protocol/model-config.js";
import { checkpointPlaces } from "./checkpoint-places.js";
import { loadTensors, openCheckpoint } from "./checkpoint-reader.js";
import { type CheckpointOptions, createCheckpoint } from "./checkpoint-writer.js";
import type { ModelTensors } from "./model-tensors.js";
import { type Parameters, parameterShapes } from "./parameters.js";
import { checkShapes } from "./part-parameters.js";

/** A whole model in memory. */
export interface Checkpoint {
  readonly config: ModelConfig;
  /** Float32; with tied embeddings there is no `lm_head.weight`. */
  readonly parameters: Parameters;
  /** The safetensors headers' own. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Writes a model that is in memory, with what `createCheckpoint` throws; nothing when the parameters are not those of the config. */
export const writeCheckpoint = async (
  dir: string,
  config: ModelConfig,
  parameters: Parameters,
  options?: CheckpointOptions,
): Promise<void> => {
  checkShapes(parameters, parameterShapes(config), `the model for ${dir}`, "its config");
  const writer = await createCheckpoint(dir, config, options);
  try {
    for (const [name, tensor] of Object.entries(parameters)) await writer.write(name, tensor);
    await writer.finish();
  } finally {
    await writer.discard();
  }
};

/** Reads a whole model, with what `openCheckpoint` throws. @param expected the model that it must be, as a network file says it */
export const readCheckpoint = async (dir: string, expected?: ModelConfig): Promise<Checkpoint> => {
  const checkpoint = await openCheckpoint(dir, expected && { model: expected });
  try {
    const { config, metadata, tensors } = checkpoint;
    return { config, metadata, parameters: await loadTensors(checkpoint, tensors.keys()) };
  } finally {
    await checkpoint.close();
  }
};

/** The same for a model that need not fit in memory: its tensors stay in their files, which must stay as they are. */
export const mapCheckpoint = async (
  dir: string,
  expected?: ModelConfig,
): Promise<{ readonly config: ModelConfig; readonly model: ModelTensors }> => {
  const checkpoint = await openCheckpoint(dir, expected && { model: expected });
  try {
    return { config: checkpoint.config, model: checkpointPlaces(checkpoint) };
  } finally {
    await checkpoint.close();
  }
};
