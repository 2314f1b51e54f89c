import { groupShapes } from "#shared/model/groups.js";
import { countParameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";

/** Bytes that a merge writes at most: of each group the weights and the momentum, in float32. */
export const mergedBytes = ({ model, groups }: Pick<Network, "model" | "groups">): number =>
  2 * 4 * Object.values(groups).reduce((sum, group) => sum + countParameters(groupShapes(model, group)), 0);
