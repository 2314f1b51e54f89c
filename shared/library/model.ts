/** Language models of several families on the engine: its parameters, its forward pass, its losses, its expert groups and its checkpoints. */

export type { Routing } from "#shared/model/blocks/mixture.js";
export { type Checkpoint, readCheckpoint, writeCheckpoint } from "#shared/model/checkpoint.js";
export { type ForwardShape, forward } from "#shared/model/forward.js";
export { checkGroups, expertsOf, groupShapes, hubShapes, shardOf } from "#shared/model/groups.js";
export { initialParameters } from "#shared/model/init.js";
export { batchInputs, languageModelLoss } from "#shared/model/loss.js";
export {
  allExperts,
  countParameters,
  type HeldExperts,
  type Parameters,
  parameterShapes,
} from "#shared/model/parameters.js";
export { decodeParameters, encodeParameters } from "#shared/model/part-parameters.js";
export { PRESETS, type Preset } from "#shared/model/presets.js";
