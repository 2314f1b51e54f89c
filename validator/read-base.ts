import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { type BaseModel, loadModel, mapModel } from "#shared/participant/agreement/base-model.js";
import type { Participant } from "#shared/participant/participant.js";

/** A model for a meter: in memory, or in its files for one that reads it layer by layer. @throws what reading it throws */
export const readBase = (
  participant: Pick<Participant, "models" | "network" | "signal">,
  { isLayerMajor }: Pick<LossMeter, "isLayerMajor">,
  hash: string,
): Promise<BaseModel<ModelTensors>> => (isLayerMajor ? mapModel(participant, hash) : loadModel(participant, hash));
