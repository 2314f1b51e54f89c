import { isChainFault } from "#shared/chain/chain-fault.js";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import { expectedFault } from "#shared/errors/file-fault.js";
import type { DUTY_OUTCOMES, Duty } from "#shared/telemetry/instruments/labels.js";
import { orAbort } from "#shared/util/deadline.js";
import { joinSignals } from "#shared/util/join-signals.js";
import { againAtBlocks } from "./at-every-block.js";
import { faultFields } from "./fault-fields.js";
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
 * Does work that may be begun twice, and begins it again at the next block after a fault that may pass.
 *
 * @param mayPass what may pass beside a chain that did not answer, and a disk that did not take a write, as a full one does, unless for rights or a name
 * @throws what the work throws otherwise, and such a fault where no block is left before `deadline`
 */
export const throughFaults = <T>(
  participant: Pick<Participant, "clock" | "log" | "signal">,
  { name, deadline }: Pick<DutyLimit, "name" | "deadline">,
  work: () => Promise<T>,
  mayPass: (thrown: unknown) => boolean = () => false,
): Promise<T> => {
  let told: string | null = null;
  return againAtBlocks(
    participant,
    (thrown, tried) => {
      const isAgain = (isChainFault(thrown) || isWriteFault(thrown) || mayPass(thrown)) && tried < deadline - 1;
      const fields = faultFields(thrown);
      // It may be hundreds of blocks.
      const level = told === fields.code ? "debug" : "warn";
      if (isAgain) participant.log[level]("not done yet: once more at the next block", { task: name, ...fields });
      told = fields.code;
      return isAgain;
    },
    work,
  );
};

/** What the system answers to a write that is refused in the next block as well: rights, and a name that leads to something else. */
const LASTING: ReadonlySet<unknown> = new Set("EACCES EEXIST EISDIR ELOOP ENAMETOOLONG ENOTDIR EPERM EROFS".split(" "));

const isWriteFault = (thrown: unknown): boolean =>
  hasCode(expectedFault(thrown), "FILE_UNWRITABLE", "STORE_FAILED") && !LASTING.has(systemCode(thrown));

/** The code of the innermost cause. */
const systemCode = (thrown: unknown): unknown => {
  if (!(thrown instanceof Error)) return undefined;
  return thrown.cause === undefined ? (thrown as NodeJS.ErrnoException).code : systemCode(thrown.cause);
};

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

/**
 * Does work whose fault costs nothing but itself: it is logged as `failure`.
 *
 * @param isWorse faults that cost more: they are thrown
 * @throws the participant's own abort, and such faults
 */
export const attempt = async (
  { signal, log }: Pick<Participant, "signal" | "log">,
  { failure, ...fields }: { readonly failure: string; readonly cycle: number; readonly duty?: Duty },
  work: () => Promise<void>,
  isWorse: (thrown: unknown) => boolean = () => false,
): Promise<void> => {
  try {
    await work();
  } catch (thrown) {
    signal.throwIfAborted();
    if (isWorse(thrown)) throw thrown;
    log.error(failure, { ...fields, ...faultFields(thrown) });
  }
};
