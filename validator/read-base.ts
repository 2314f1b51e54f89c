import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { type BaseModel, loadModel, mapModel } from "#shared/participant/agreement/base-model.js";
import type { Participant } from "#shared/participant/participant.js";
import type { Network } from "#shared/protocol/network.js";

interface Mapped {
  readonly cycle: number;
  readonly network: Network;
  readonly model: BaseModel<ModelTensors>;
}

/** The last model in its files, by the models that it is one of. */
const lastMapped = new WeakMap<Participant["models"], Mapped>();

/**
 * A cycle's model for a meter: in memory, or in its files for one that reads it layer by layer. Checking the hashes of files that do not fit in
 * memory takes minutes, so it is done once a cycle.
 *
 * @throws what reading it throws
 */
export const readBase = async (
  participant: Pick<Participant, "models" | "network" | "signal">,
  { isLayerMajor }: Pick<LossMeter, "isLayerMajor">,
  cycle: number,
  hash: string,
): Promise<BaseModel<ModelTensors>> => {
  if (!isLayerMajor) return loadModel(participant, hash);
  const { models, network } = participant;
  const last = lastMapped.get(models);
  if (last && last.model.hash === hash && last.cycle === cycle && last.network === network) return last.model;
  const model = await mapModel(participant, hash);
  lastMapped.set(models, { cycle, network, model });
  return model;
};
