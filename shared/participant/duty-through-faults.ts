import type { Participant } from "./participant.js";
import { throughFaults } from "./through-faults.js";
import { type DutyLimit, withinBlocks } from "./within-blocks.js";

interface RetriedDuty extends DutyLimit {
  /** Block in which it is not begun again any more, where that is before its end. */
  readonly retryDeadline?: number | undefined;
}

/**
 * Does a duty of a cycle that may be begun twice: within its blocks, and again at the next block after a fault that may pass.
 *
 * @param work gets a participant whose signal aborts when the duty is over
 * @param mayPass what may pass beside what `throughFaults` names
 * @throws as `withinBlocks` and `throughFaults`
 */
export const dutyThroughFaults = <P extends Pick<Participant, "clock" | "log" | "signal" | "telemetry">, T>(
  participant: P,
  { retryDeadline = Number.POSITIVE_INFINITY, ...limit }: RetriedDuty,
  work: (bounded: P) => Promise<T>,
  mayPass?: (thrown: unknown) => boolean,
): Promise<T> => {
  const { name } = limit;
  const deadline = Math.min(limit.deadline, retryDeadline);
  return withinBlocks(participant, limit, (bounded) =>
    throughFaults(bounded, { name, deadline }, () => work(bounded), mayPass),
  );
};
