import { createRandom } from "#shared/data/random.js";
import { checkConfig, loadTensors, openCheckpoint, readCheckpointConfig } from "#shared/model/checkpoint-reader.js";
import type { Parameters } from "#shared/model/parameters.js";
import { newRouters, type Upcycling, upcycledConfig, upcycledParameters } from "#shared/model/upcycle.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { type RouterTraining, trainRouters } from "./train-routers.js";

/** A dense checkpoint of Hugging Face's layout, and what it is made of. */
export interface UpcycledCheckpoint extends Upcycling {
  readonly dir: string;
}

/** The model that a dense checkpoint becomes. @throws BlockZeroError UPCYCLE_UNSUPPORTED, and what reading its config throws */
export const readUpcycledConfig = async ({ dir, ...upcycling }: UpcycledCheckpoint): Promise<ModelConfig> =>
  upcycledConfig(await readCheckpointConfig(dir), upcycling);

/**
 * Makes a dense checkpoint a model with experts, and trains its routers for the groups. In memory copies of a tensor are one object.
 *
 * @throws BlockZeroError CHECKPOINT_MISMATCH where the template has another model, UPCYCLE_UNSUPPORTED, and what reading the checkpoint throws; the
 *         signal's reason
 */
export const upcycle = async (
  { dir, ...upcycling }: UpcycledCheckpoint,
  training: Omit<RouterTraining, "dense" | "routers">,
): Promise<Parameters> => {
  const checkpoint = await openCheckpoint(dir);
  const { config } = checkpoint;
  const { model } = training.network;
  try {
    const expected = { model, authority: "the network template" };
    checkConfig(upcycledConfig(config, upcycling), expected, `${dir}, upcycled,`);
  } catch (thrown) {
    await checkpoint.close();
    throw thrown;
  }
  const parameters = await loadTensors(checkpoint, checkpoint.tensors.keys()).finally(() => checkpoint.close());
  const routers = await trainRouters({
    ...training,
    dense: { config, parameters },
    routers: newRouters(model, createRandom(`${training.seed}/routers`)),
  });
  return upcycledParameters(model, parameters, routers);
};
