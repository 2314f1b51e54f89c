import { sizeOf } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { allInMemory, type ModelTensors } from "#shared/model/model-tensors.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { Network } from "#shared/protocol/network.js";
import { totalMemory } from "#shared/util/total-memory.js";

/** Bytes of a model's weights as the whole-model meter holds them: the meter's own and the cycle's, in float32. */
export const wholeModelBytes = ({ model }: Pick<Network, "model">): number =>
  2 * 4 * countParameters(parameterShapes(model));

/** Part of evaluation's memory that hidden states may take. The rest is for a layer and its intermediate results. */
export const STATES_SHARE = 1 / 4;

/** Bytes that evaluation may take. @param gib 0 for half of the machine's memory */
export const evaluationMemory = (gib: number): number => (gib === 0 ? totalMemory() / 2 : gib * 2 ** 30);

/**
 * Bytes of hidden states in memory where text goes through a model and no setting says how many. With more, hardly any reading of weights is saved.
 */
export const textMemory = (): number => Math.min(2 ** 30, STATES_SHARE * evaluationMemory(0));

/**
 * A model whose text goes through it layer by layer: in memory where half of this machine's holds it in float32, which is faster, else where it is.
 *
 * @param memory bytes
 * @throws what reading its files throws
 */
export const heldIfItFits = async (model: ModelTensors, memory = evaluationMemory(0)): Promise<ModelTensors> => {
  const bytes = Object.values(model).reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  return bytes <= memory ? allInMemory(model) : model;
};

/**
 * Refuses a model that this machine cannot hold in float32, before any of it is fetched or read: the system would end the program in the middle.
 *
 * @param memory bytes; by default this machine's
 * @throws BlockZeroError MODEL_MEMORY
 */
export const checkHeldWhole = (model: ModelConfig, memory = totalMemory()): void => {
  const bytes = 4 * countParameters(parameterShapes(model));
  if (bytes < memory) return;
  throw new BlockZeroError(
    "MODEL_MEMORY",
    `the whole model takes ${bytes} bytes in float32, and this machine has ${memory}`,
    "use a machine with more memory",
  );
};
