import type { ParticipantConfig } from "../participant.js";

/**
 * Cycles for which a file stays after its last use, the one of that use included. Two at least: a cycle begins with the model that the one before it made,
 * and with that one's base where it is not agreed on.
 */
export const keptCycles = ({ checkpoint_keep_top_k }: Pick<ParticipantConfig, "checkpoint_keep_top_k">): number =>
  Math.max(2, checkpoint_keep_top_k);
