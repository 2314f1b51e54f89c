import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { DUTY_OUTCOMES, Duty } from "#shared/telemetry/instruments/labels.js";
import { orAbort } from "#shared/util/deadline.js";
import { joinSignals } from "#shared/util/join-signals.js";
import type { Participant } from "./participant.js";

export interface DutyLimit {
  readonly duty: Duty;
  /** Its name, e.g. `the report of cycle 7`. */
  readonly name: string;
  /** The block at which it ends. */
  readonly deadline: number;
}

/** Fewest blocks that a duty gets: after a restart it may begin late. */
const LEAST_BLOCKS = 2;

/** The block at which a duty ends that is due at `end`. */
export const endOf = ({ clock }: Pick<Participant, "clock">, end: number): number =>
  Math.max(end, clock.head.number + LEAST_BLOCKS);

/**
 * Does a duty of a cycle with an outer limit: once the chain has reached the block, the duty ends, whatever it waits for itself. Then only
 * that duty fails, and the cycle continues.
 *
 * @param work gets a participant whose signal aborts when the duty is over: at that block, or when it is done or has failed
 * @throws BlockZeroError DUTY_OVERDUE; what `work` throws; the participant's own abort
 */
export const withinBlocks = async <P extends Pick<Participant, "clock" | "signal" | "telemetry">, T>(
  participant: P,
  { duty, name, deadline }: DutyLimit,
  work: (bounded: P) => Promise<T>,
): Promise<T> => {
  const { clock, telemetry } = participant;
  const { instruments, duties } = telemetry;
  const over = new AbortController();
  const { signal } = over;
  const release = joinSignals(over, participant.signal);
  let isOverdue = false;
  clock.reach(deadline, signal).then(
    () => {
      isOverdue = !signal.aborted;
      over.abort(
        new BlockZeroError(
          "DUTY_OVERDUE",
          `${name} was not done at block ${deadline}`,
          "the log says what it waited for; it is left out, the next one is due in its time",
        ),
      );
    },
    () => {},
  );
  const begun = performance.now();
  const ended = (outcome: (typeof DUTY_OUTCOMES)[number]) => {
    instruments.add("blockzero_duties_total", 1, { duty, outcome });
    instruments.observe("blockzero_duty_duration_seconds", (performance.now() - begun) / 1000, { duty });
  };
  try {
    const result = await orAbort(work({ ...participant, signal }), signal);
    ended("done");
    return result;
  } catch (thrown) {
    if (participant.signal.aborted) ended("stopped");
    else {
      // An inner duty that was overdue is a failure of this one.
      ended(isOverdue ? "overdue" : "failed");
      duties.failed(duty, reasonOf(thrown));
    }
    throw thrown;
  } finally {
    instruments.set("blockzero_duty_slack_blocks", Math.max(0, deadline - clock.head.number), { duty });
    release();
    over.abort();
  }
};
