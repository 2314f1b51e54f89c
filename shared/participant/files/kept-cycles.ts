import type { ParticipantConfig } from "../participant.js";

/** The least that a participant keeps, whatever its setting. */
const LEAST = 2;

/**
 * Cycles for which a file stays after its last use, the one of that use included. Two at least: a cycle begins with the model that the one before it
 * made, and with that one's base where it is not agreed on.
 */
export const keptCycles = ({ checkpoint_keep_top_k }: Pick<ParticipantConfig, "checkpoint_keep_top_k">): number =>
  Math.max(LEAST, checkpoint_keep_top_k);

/** What to do where the disk has no room for the files of so many cycles. */
export const KEEP_FEWER = `lower checkpoint_keep_top_k, of which ${LEAST} is the least`;
