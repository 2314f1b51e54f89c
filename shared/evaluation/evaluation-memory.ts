import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { totalMemory } from "#shared/util/total-memory.js";

/** Bytes of a model's weights as the whole-model meter holds them: the meter's own and the cycle's, in float32. */
export const wholeModelBytes = ({ model }: Pick<Network, "model">): number =>
  2 * 4 * countParameters(parameterShapes(model));

/** Part of evaluation's memory that hidden states may take. The rest is for a layer and its intermediate results. */
export const STATES_SHARE = 1 / 4;

/** Bytes that evaluation may take. @param gib 0 for half of the machine's memory */
export const evaluationMemory = (gib: number): number => (gib === 0 ? totalMemory() / 2 : gib * 2 ** 30);
