import { loadTensors, type OpenCheckpoint } from "#shared/model/checkpoint-reader.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";

/** What every participant holds: all but the experts that some group owns. Nothing else is read. */
export const loadHub = (checkpoint: OpenCheckpoint, groups: Network["groups"]): Promise<Parameters> =>
  loadTensors(checkpoint, Object.keys(hubShapes(checkpoint.config, groups)));

/** The experts that one group owns. Nothing else is read. */
export const loadGroup = (checkpoint: OpenCheckpoint, group: Network["groups"][string]): Promise<Parameters> =>
  loadTensors(checkpoint, Object.keys(groupShapes(checkpoint.config, group)));
