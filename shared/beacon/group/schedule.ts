import type { Network } from "#shared/protocol/network.js";
import { FORMING_CYCLES } from "#shared/protocol/network-file/group-rules.js";
import type { GroupDocumentKind } from "./documents.js";

/** What members put on chain in the cycles in which a group is formed, in order. */
export const FORMING_STEPS = ["group-key", "dealing", "complaint", "answer"] as const satisfies GroupDocumentKind[];
export type FormingStep = (typeof FORMING_STEPS)[number];

/** The part of the network file that says when groups are formed. */
export interface GroupSchedule {
  readonly first_cycle: Network["first_cycle"];
  /** Cycles from one key generation to the next. */
  readonly every: number;
}

/** What a cycle is in the life of groups. */
export interface GroupCycle {
  /** The first cycle of the newest key generation. */
  readonly start: number;
  /** What members put on chain in this one. Null once the group is formed, or failed. */
  readonly step: FormingStep | null;
}

/** @param cycle not before the network's first */
export const groupCycle = (cycle: number, { first_cycle, every }: GroupSchedule): GroupCycle => {
  const since = (cycle - first_cycle) % every;
  return { start: cycle - since, step: FORMING_STEPS[since] ?? null };
};

/** The first cycle that a group signs, which its documents name. @param start the first cycle of its key generation */
export const firstSigned = (start: number): number => start + FORMING_CYCLES;

/**
 * The cycle in which validators state the group that signs a cycle: that one itself, or while another group is formed the last one before.
 * Null before the network's first group.
 */
export const statingCycle = (cycle: number, schedule: GroupSchedule): number | null => {
  if (cycle < schedule.first_cycle) return null;
  const { start, step } = groupCycle(cycle, schedule);
  if (step === null) return cycle;
  return start > schedule.first_cycle ? start - 1 : null;
};
